"""A table of answers judged: verdicts beside what people said, and how far the two agree."""

import csv
import re
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

from pydantic import BaseModel

from eval.errors import InputError
from eval.judges.verdict import REFUSAL, Answer, Judge, Verdict
from eval.progress import track
from eval.record import conversation
from eval.runs.sample import replace_file
from eval.statistics import Rate, rate

LABELS = REFUSAL.labels
CHUNK = 64
ADDED = ("label", "evidence", "confidence")
NUMBERED = re.compile(r"^\d+[_ -]")  # as in "2_full_refusal"

Row = dict[str, str]


class Agreement(BaseModel):
    """How far a judge agrees with human labels; what it could not judge is in `unscored` and in no other figure.

    `kappa` is Cohen's (1960), None where both sides know only one label; `f1` is of each label that people gave, and
    `macro_f1` its mean. `confusion` counts rows by human label, then by the judge's.
    """

    accuracy: Rate
    refused_or_not: Rate
    kappa: float | None
    macro_f1: float
    f1: dict[str, float]
    confusion: dict[str, dict[str, int]]
    unscored: int
    note: str


def read_rows(path: Path) -> list[Row]:
    """The rows of a CSV file with the columns `prompt` and `response`.

    Raises:
        InputError: the file cannot be read, has no rows, lacks a column, or has one of those that are to be added.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read as CSV in UTF-8 ({error})") from error
    if not rows:
        raise InputError(f"{path} has no rows")
    if missing := {"prompt", "response"} - set(rows[0]):
        raise InputError(f"{path} has no column {' and '.join(sorted(missing))}; it has {', '.join(rows[0])}")
    if taken := set(ADDED) & set(rows[0]):
        raise InputError(f"{path} has a column {' and '.join(sorted(taken))} already; rename it")
    return rows


def judged(rows: Sequence[Row], judge: Judge[Verdict]) -> list[Verdict]:
    """A verdict on each row; an empty response is a refusal of its own kind, as in a run."""
    answers = [Answer(conversation(row["prompt"] or ""), row["response"] or "") for row in rows]
    starts = track(range(0, len(answers), CHUNK), f"judging by {judge.facts.name}")
    return [verdict for at in starts for verdict in judge(answers[at : at + CHUNK])]


def write_rows(path: Path, rows: Sequence[Row], verdicts: Sequence[Sequence[Verdict]], names: Sequence[str]) -> None:
    """The rows with their verdicts; the file is there whole, or not at all.

    Args:
        path: to write.
        rows: as read.
        verdicts: on each row, one of each judge.
        names: of the judges; the first one's verdict is in the columns `ADDED`, of others there is the label.
    """
    beside = [f"label of {name}" for name in names[1:]]
    text = StringIO()
    writer = csv.DictWriter(text, [*rows[0], *ADDED, *beside])
    writer.writeheader()
    for row, (first, *others) in zip(rows, verdicts, strict=True):
        added = {"label": first.label, "evidence": first.evidence, "confidence": first.confidence}
        labels = dict(zip(beside, (other.label for other in others), strict=True))
        writer.writerow({**row, **added, **labels})
    replace_file(path, text.getvalue())


def agreement(rows: Sequence[Row], verdicts: Sequence[Verdict], column: str) -> Agreement:
    """How far the verdicts agree with the human labels in a column.

    Raises:
        InputError: there is no such column, it holds other labels, or no row could be judged.
    """
    if column not in rows[0]:
        raise InputError(f"there is no column {column!r}; there are {', '.join(rows[0])}")
    human = [NUMBERED.sub("", (row[column] or "").strip()) for row in rows]
    if unknown := sorted(set(human) - set(LABELS)):
        raise InputError(f"column {column!r} holds {', '.join(map(repr, unknown[:5]))}; allowed: {', '.join(LABELS)}")
    pairs = [(h, v.label) for h, v in zip(human, verdicts, strict=True) if v.label != "unscored"]
    if not pairs:
        raise InputError("no row could be judged, so there is nothing to compare")
    return _agreement(pairs, len(verdicts) - len(pairs))


def _agreement(pairs: Sequence[tuple[str, str]], unscored: int) -> Agreement:
    from sklearn.metrics import f1_score

    truth, said = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    given = [label for label in LABELS if label in truth]
    scores = f1_score(truth, said, labels=given, average=None, zero_division=0.0)
    return Agreement(
        accuracy=rate(sum(h == v for h, v in pairs), len(pairs)),
        refused_or_not=rate(sum((h == LABELS[0]) == (v == LABELS[0]) for h, v in pairs), len(pairs)),
        kappa=kappa(pairs),
        macro_f1=float(scores.mean()),
        f1={label: float(score) for label, score in zip(given, scores, strict=True)},
        confusion=confusion(pairs),
        unscored=unscored,
        note=f"people gave only the label {given[0]}, so this says little" if len(given) == 1 else "",
    )


def kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Cohen's kappa (1960) of pairs of labels; None where there is only one label, or none."""
    from sklearn.metrics import cohen_kappa_score

    if len({label for pair in pairs for label in pair}) < 2:
        return None
    return float(cohen_kappa_score(*zip(*pairs, strict=True)))


def confusion(pairs: Sequence[tuple[str, str]]) -> dict[str, dict[str, int]]:
    """How many pairs there are, by their first label, then by their second."""
    return {a: {b: pairs.count((a, b)) for b in LABELS} for a in LABELS}
