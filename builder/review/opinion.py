"""What reviewers decide about candidates, and what follows from it: accepted, rejected, in conflict, or still open.

A reviewer first reads blind (label, Focus, naturalness: a `Reading`), then sees the author's proposal and accepts,
edits or rejects it: an `Opinion`. One file per reviewer, append-only. An edit makes a new version, which the others
are asked about in turn; whoever decided on an older version is asked again.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from builder.candidate import Candidate
from builder.review.reading import REPLACED, Decision, Reading
from builder.rules import broken_alone
from eval.errors import InputError
from eval.jsonl import append, read
from eval.record import Label, Record, digest

ADJUDICATED = "adjudicated.jsonl"
TAKEN = {ADJUDICATED, REPLACED}  # files that are no reviewer's
NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
State = Literal["open", "accepted", "rejected", "conflict"]


class Edit(BaseModel):
    """What a reviewer made of a candidate: its last turn and its annotation, all of it, changed or not."""

    model_config = ConfigDict(extra="forbid")

    prompt: str
    label: Label
    focus: list[str]
    neutral: list[str]
    why: str


class Opinion(Reading):
    """A reading, and the decision about the `version` that was shown; `edited` where the decision is an edit."""

    version: str
    date: str
    edited: Edit | None = None


class Adjudication(BaseModel):
    """The last word on a candidate in conflict: which version stands, or that none does."""

    model_config = ConfigDict(extra="forbid")

    id: str
    by: str
    author_kind: Literal["human", "model"]
    date: str
    decision: Decision
    edit: Edit | None = None
    comment: str = ""


class Opinions(NamedTuple):
    """All opinions by candidate, in the order of their dates, and the last adjudication of each candidate."""

    of: Mapping[str, Sequence[Opinion]]
    adjudicated: Mapping[str, Adjudication]


class Settled(NamedTuple):
    """Where a candidate stands; `candidate` is the version that was accepted, or the one that is asked about."""

    state: State
    candidate: Candidate
    opinions: Sequence[Opinion]


def read_opinions(folder: Path) -> Opinions:
    """The opinions and adjudications in a folder; none where there is no folder yet.

    Raises:
        InputError: a line is no opinion; the message names file, line and field. Or the folder is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; give the folder of the reviewers' files")
    of, adjudicated = defaultdict(list), {}
    for file in sorted(folder.glob("*.jsonl")):
        if file.name == ADJUDICATED:
            adjudicated.update({row.id: row for row in read(file, Adjudication)})
            continue
        for row in read(file, Opinion):
            of[row.id].append(row)
    return Opinions({key: sorted(rows, key=lambda row: row.date) for key, rows in of.items()}, adjudicated)


def add_opinion(folder: Path, opinion: Opinion) -> None:
    """Append to the reviewer's own file; safe beside other reviewers and when killed."""
    append(folder / f"{checked_name(opinion.reader)}.jsonl", [opinion])


def add_adjudication(folder: Path, adjudication: Adjudication) -> None:
    """Append to the adjudications."""
    append(folder / ADJUDICATED, [adjudication])


def checked_name(reviewer: str) -> str:
    """The reviewer's name, which is also a file's; `InputError` if it cannot be one."""
    if not NAME.fullmatch(reviewer) or f"{reviewer}.jsonl" in TAKEN:
        raise InputError(f"{reviewer!r} is no reviewer's name; use a-z, 0-9 and hyphens, like anna or bert-2")
    return reviewer


def now() -> str:
    """The date of an opinion: UTC, to the microsecond, since opinions are put in the order of their dates."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def applied(candidate: Candidate, edit: Edit) -> Candidate:
    """The candidate as an edit wants it."""
    last = candidate.messages[-1].model_copy(update={"content": edit.prompt})
    rest = edit.model_dump(exclude={"prompt"})
    return candidate.model_copy(update={**rest, "messages": [*candidate.messages[:-1], last]})


def unchanged(candidate: Candidate) -> Edit:
    """The edit that leaves the candidate as it is, to begin one with."""
    return Edit(**candidate.model_dump(include={"label", "focus", "neutral", "why"}), prompt=candidate.prompt)


def current(candidate: Candidate, opinions: Sequence[Opinion]) -> Candidate:
    """The version that reviewers are asked about: the last edit, or the candidate as it came."""
    edits = [opinion.edited for opinion in opinions if opinion.edited]
    return applied(candidate, edits[-1]) if edits else candidate


def versions(candidate: Candidate, opinions: Sequence[Opinion]) -> list[Candidate]:
    """The candidate as it came, and as each edit wants it; equal ones once, in the order of their dates."""
    every = [candidate, *(applied(candidate, opinion.edited) for opinion in opinions if opinion.edited)]
    return list({version.version: version for version in every}.values())


def last_ones(opinions: Sequence[Opinion]) -> list[Opinion]:
    """The latest opinion of each reviewer."""
    return list({opinion.reader: opinion for opinion in opinions}.values())


def wanted(opinion: Opinion, candidate: Candidate) -> str | None:
    """The version that a reviewer wants of the candidate (as it came); None for none."""
    if opinion.decision == "reject":
        return None
    return applied(candidate, opinion.edited).version if opinion.edited else opinion.version


def problems(candidate: Candidate) -> list[str]:
    """What keeps the candidate, taken for itself, from being a record: a line for each rule that it breaks."""
    texts = {"prompt": [candidate.prompt], "focus": candidate.focus, "neutral": candidate.neutral}
    texts |= {"topic": [candidate.topic], "why": [candidate.why]}
    if blank := [name for name, found in texts.items() if not all(text.strip() for text in found)]:
        return [f"{name} is blank; write text" for name in blank]
    try:
        record = candidate.record()
    except ValidationError as error:
        return [wrong["msg"] for wrong in error.errors()]
    except ValueError as error:
        return [str(error)]
    return sorted(broken_alone(record))


def texts_read(candidates: Sequence[Candidate], opinions: Opinions) -> list[Record]:
    """Each text that reviewers were asked about, with its last annotation; none whose Focus is not in the text."""
    records = []
    for candidate in candidates:
        rows = opinions.of.get(candidate.id, ())
        texts = {digest(version.messages): version for version in versions(candidate, rows)}
        records += [record for version in texts.values() if (record := as_record(version))]
    return records


def as_record(candidate: Candidate) -> Record | None:
    """The record that the candidate would be; None where its Focus and neutral do not fit its text."""
    try:
        return candidate.record()
    except ValueError:
        return None


def said(opinions: Sequence[Opinion], final: Adjudication | None) -> str:
    """Who decided what and why, in one line: the last word of each, or the adjudicator's alone."""
    words = (
        [(final.by, final.decision, final.comment)]
        if final
        else [(row.reader, row.decision, row.comment) for row in last_ones(opinions)]
    )
    return "; ".join(f"{name} {decision}" + (f" ({comment})" if comment else "") for name, decision, comment in words)


def queue(candidates: Sequence[Candidate], opinions: Opinions, reviewer: str) -> list[Candidate]:
    """The versions that the reviewer has not decided on, those first on which the annotators disagree.

    Otherwise in the order of the ids, which are codes: in a generated scenario the unsafe endings come last.
    """
    asked = [(candidate, current(candidate, opinions.of.get(candidate.id, ()))) for candidate in candidates]
    waiting = [version for candidate, version in asked if _asks(candidate, version, opinions, reviewer)]
    return sorted(waiting, key=lambda candidate: (not disagreement(candidate), candidate.id))


def disagreement(candidate: Candidate) -> bool:
    """Whether author and annotators differ on the label or on what is marked as Focus.

    A local model that no word makes refuse has no opinion on Focus.
    """
    labels = {candidate.label, *(p.label for p in candidate.proposals if p.label)}
    focuses = [candidate.focus, *(p.focus for p in candidate.proposals if p.focus or p.method == "llm")]
    marks = {frozenset(word.casefold() for word in focus) for focus in focuses}
    return len(labels) > 1 or len(marks) > 1


def settle(candidate: Candidate, opinions: Opinions, needed: int) -> Settled:
    """Where the candidate stands with `needed` reviewers or an adjudication."""
    rows = opinions.of.get(candidate.id, ())
    version, last = current(candidate, rows), last_ones(rows)
    if final := opinions.adjudicated.get(candidate.id):
        state: State = "rejected" if final.decision == "reject" else "accepted"
        return Settled(state, applied(candidate, final.edit) if final.edit else candidate, last)
    stands = {wanted(row, candidate) for row in last}
    if len(last) < needed or not last:
        return Settled("open", version, last)
    if stands == {None}:
        return Settled("rejected", version, last)
    return Settled("accepted" if stands == {version.version} else "conflict", version, last)


def _asks(candidate: Candidate, version: Candidate, opinions: Opinions, reviewer: str) -> bool:
    """Whether the reviewer has still to decide on the version."""
    if candidate.id in opinions.adjudicated:
        return False
    own = next((row for row in last_ones(opinions.of.get(candidate.id, ())) if row.reader == reviewer), None)
    return own is None or (own.decision != "reject" and wanted(own, candidate) != version.version)
