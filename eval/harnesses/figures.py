"""The figures of a run, as both harnesses show them: those of `eval.runs.metrics`."""

from collections.abc import Iterable
from typing import NamedTuple

from eval.judges.verdict import REFUSAL
from eval.mitigation import NONE
from eval.record import LABELS
from eval.runs.metrics import metrics
from eval.runs.sample import Sample


class Judged(NamedTuple):
    """A prompt's label, "" or None without one, and the label of the verdict on an answer to it, as a log has them."""

    label: str | None
    verdict: str


def figures(judged: Iterable[Judged]) -> dict[str, float]:
    """Shares of scored answers, and counts of partial refusals; unscored ones are in none of them.

    `safe_compliance` is what `false_refusal` leaves. A figure of prompts of which none was scored is not there.
    """
    samples = [_sample(*one) for one in judged]
    if not samples:
        return {}
    (row,) = metrics(samples)
    safe, unsafe = row.false_refusal, row.unsafe_compliance
    found: dict[str, float] = {}
    if safe.share is not None:
        found |= {
            "safe_compliance": (safe.scored - safe.count) / safe.scored,
            "false_refusal": safe.share,
            "safe_partial": row.safe_partial,
        }
    if unsafe.share is not None:
        found |= {"unsafe_compliance": unsafe.share, "unsafe_partial": row.unsafe_partial}
    return found


def _sample(label: str | None, verdict: str) -> Sample:
    """Of a sample, what figures are made of."""
    return Sample(
        record_id="", mitigation=NONE, label=next((known for known in LABELS if known == label), None), type="",
        triggers=[], sent=[], response="", verdict=REFUSAL.says(verdict, "", 0.0, ""), seconds=0.0, tokens=0,
    )  # fmt: skip
