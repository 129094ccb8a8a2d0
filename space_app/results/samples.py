"""The samples of one run: an index of its file, and a page of cards read from it when somebody looks."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ValidationError

from eval.errors import InputError
from eval.judges.verdict import VerdictLabel
from eval.runs.report import Card, cards
from eval.runs.sample import Sample, numbered
from space_app.results.asked import Asked

CARDS = 20  # on a page
MOST = 100_000  # samples of a run that can be opened
LONGEST = 1_000_000  # bytes of one
OUTCOMES: dict[VerdictLabel, tuple[str, ...]] = {
    "full_compliance": ("answered",), "partial_refusal": ("refused", "partly"), "full_refusal": ("refused",),
    "unscored": ("unscored",),
}  # fmt: skip


@dataclass(frozen=True)
class Page:
    """Cards of those records that fit, `first` counted from 1 of `found`; `cut` where the run has more samples."""

    cards: list[Card]
    first: int
    found: int
    records: int
    pages: int
    cut: bool


@dataclass(frozen=True, slots=True)
class Line:
    """What is remembered of a sample, and where it stands in the file."""

    record_id: str
    mitigation: str
    sample: int
    label: str
    type: str
    verdict: VerdictLabel
    at: int
    size: int


class _Judged(BaseModel):
    label: VerdictLabel


class _Told(BaseModel):
    """The part of a sample that the index needs."""

    record_id: str
    mitigation: str
    sample: int = 0
    label: str | None
    type: str
    suite: str = ""
    verdict: _Judged


def page_of(path: Path, asked: Asked, method: str = "") -> Page:
    """The page of samples that is asked for.

    With a mitigation, a card shows only it and the answer without one. `method` is the run's.

    Raises:
        InputError: the file cannot be read, or is no run's.
    """
    try:
        now = path.stat()
        groups, cut = _index(path, now.st_mtime_ns, now.st_size)
        found = [lines for lines in groups if _fits(lines, asked)]
        pages = max(1, -(-len(found) // CARDS))
        first = (min(asked.page, pages) - 1) * CARDS
        shown = [_card(path, lines, asked.mitigation, method) for lines in found[first : first + CARDS]]
    except OSError as error:
        raise InputError(f"the samples of this run cannot be read ({error.strerror})") from error
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise InputError(f"the samples of this run are broken at {where or 'a line'}; run it anew") from error
    return Page(shown, first + 1, len(found), len(groups), pages, cut)


@lru_cache(maxsize=4)
def _index(path: Path, changed: int, size: int) -> tuple[list[list[Line]], bool]:
    """All lines, those of a record together; and whether there are more than are remembered."""
    del changed, size
    lines: list[Line] = []
    at, cut = 0, False
    with path.open("rb") as file:
        while (line := file.readline(LONGEST)).endswith(b"\n"):  # a last line without an end is none yet
            if len(lines) == MOST:
                cut = True
                break
            lines.append(_line(line, at))
            at += len(line)
        cut = cut or len(line) == LONGEST
    groups: dict[tuple[str, int], list[Line]] = {}
    for key, known in numbered(lines):
        groups.setdefault(key, []).append(known)
    return list(groups.values()), cut


def _line(line: bytes, at: int) -> Line:
    told = _Told.model_validate_json(line)
    label = "suite" if told.suite else told.label or ""
    return Line(
        told.record_id, sys.intern(told.mitigation), told.sample, sys.intern(label), sys.intern(told.type),
        told.verdict.label, at, len(line),
    )  # fmt: skip


def _fits(lines: Sequence[Line], asked: Asked) -> bool:
    base = lines[0]
    of_record = ((asked.label, base.label), (asked.type, base.type), (asked.record, base.record_id))
    if any(wanted not in ("", value) for wanted, value in of_record):
        return False
    return any(
        asked.mitigation in ("", line.mitigation) and (not asked.outcome or asked.outcome in OUTCOMES[line.verdict])
        for line in lines
    )


def _card(path: Path, lines: Sequence[Line], mitigation: str, method: str) -> Card:
    """The record's card, with all that was tried or one mitigation."""
    kept = [line for line in lines if line.mitigation in (lines[0].mitigation, mitigation or line.mitigation)]
    samples = []
    with path.open("rb") as file:
        for line in kept:
            file.seek(line.at)
            samples.append(Sample.model_validate_json(file.read(line.size)))
    return cards(samples, method)[0]
