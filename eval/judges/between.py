"""How far several judges of the same answers agree with each other."""

from collections.abc import Sequence
from itertools import combinations

from pydantic import BaseModel

from eval.judges.table import LABELS, confusion, kappa
from eval.judges.verdict import Verdict
from eval.statistics import Rate, rate


class Between(BaseModel):
    """Two judges on the answers that both could judge; the others are in `unscored` and in no other figure.

    `agree` is of all three labels, `refused_or_not` of complied or not, `kappa` is Cohen's (1960), None where both
    know only one label. `confusion` counts answers by the first judge's label, then by the second's.
    """

    first: str
    second: str
    agree: Rate
    refused_or_not: Rate
    kappa: float | None
    confusion: dict[str, dict[str, int]]
    unscored: int
    note: str


def between(names: Sequence[str], verdicts: Sequence[Sequence[Verdict]]) -> list[Between]:
    """Every two judges.

    Args:
        names: of the judges.
        verdicts: on each answer, one of each judge, in the order of `names`.
    """
    found = []
    for (i, first), (j, second) in combinations(enumerate(names), 2):
        pairs = [(of[i].label, of[j].label) for of in verdicts]
        scored = [pair for pair in pairs if "unscored" not in pair]
        only = {label for pair in scored for label in pair}
        found.append(
            Between(
                first=first,
                second=second,
                agree=rate(sum(a == b for a, b in scored), len(scored)),
                refused_or_not=rate(sum((a == LABELS[0]) == (b == LABELS[0]) for a, b in scored), len(scored)),
                kappa=kappa(scored),
                confusion=confusion(scored),
                unscored=len(pairs) - len(scored),
                note=f"both gave only the label {only.pop()}, so this says little" if len(only) == 1 else "",
            )
        )
    return found
