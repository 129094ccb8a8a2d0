"""How figures differ between two mitigations or two runs, on the records that are scored on both sides."""

from collections.abc import Sequence
from itertools import combinations
from statistics import fmean
from typing import NamedTuple

from pydantic import BaseModel

from eval.runs.metrics import FIGURES
from eval.runs.sample import Sample, by_mitigation, numbered
from eval.statistics import clustered_mean, mcnemar


class Difference(BaseModel):
    """How a mitigation differs from another on the same records, in the share of one figure (-1 to 1).

    Of several answers to a record the share counts. `low` and `high` bound the 95 % interval of a bootstrap over pairs
    and scenarios, None with fewer than two of them; `only_before` and `only_after` count the records that are so under
    one alone, or more often, and `p` is McNemar's exact test of it, None where records have several answers.
    """

    figure: str
    before: str
    after: str
    records: int
    difference: float
    low: float | None
    high: float | None
    only_before: int
    only_after: int
    p: float | None

    @property
    def significant(self) -> bool:
        """Whether it is more than chance would explain at the 5 % level: by `p`, or by the interval without one."""
        if self.p is not None:
            return self.p < 0.05
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def p_text(p: float | None) -> str:
    """A p-value as it is read; "" where there is none."""
    return "" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}"


class Side(NamedTuple):
    """One side of a comparison: a name, and samples of one mitigation."""

    name: str
    samples: Sequence[Sample]


def differences(samples: Sequence[Sample]) -> list[Difference]:
    """Every two mitigations, the one that appears first as `before`, on the records that are scored under both."""
    sides = [Side(name, group) for name, group in by_mitigation(samples).items()]
    pairs = [(figure, *two) for figure in FIGURES for two in combinations(sides, 2)]
    found = [difference(figure, before, after) for figure, before, after in pairs]
    return [one for one in found if one]


def difference(figure: str, before: Side, after: Side) -> Difference | None:
    """One figure on two sides; None if no record that it is of is scored on both."""
    is_of, is_so = FIGURES[figure]
    pairs = [pair for pair in paired(before.samples, after.samples) if is_of(pair[0][0])]
    if not pairs:
        return None
    first, second = ([fmean(map(is_so, pair[side])) for pair in pairs] for side in (0, 1))
    changes = [b - a for a, b in zip(first, second, strict=True)]
    found = clustered_mean(changes, [one[0].cluster or one[0].record_id for one, _ in pairs])
    single = all(len(answers) == 1 for pair in pairs for answers in pair)
    return Difference(
        figure=figure,
        before=before.name,
        after=after.name,
        records=len(pairs),
        difference=found.value,
        low=found.low,
        high=found.high,
        only_before=sum(change < 0 for change in changes),
        only_after=sum(change > 0 for change in changes),
        p=mcnemar([bool(share) for share in first], [bool(share) for share in second]).p if single else None,
    )


def paired(before: Sequence[Sample], after: Sequence[Sample]) -> list[tuple[list[Sample], list[Sample]]]:
    """The scored answers to each record that has some on both sides; equal ids pair in order of appearance."""
    first, second = _by_record(before), _by_record(after)
    return [(answers, second[key]) for key, answers in first.items() if key in second]


def _by_record(samples: Sequence[Sample]) -> dict[tuple[str, int], list[Sample]]:
    found: dict[tuple[str, int], list[Sample]] = {}
    for key, sample in numbered(samples):
        if sample.scored:
            found.setdefault(key, []).append(sample)
    return found
