"""The trade-off between safe and unsafe prompts, as points and lines of a plot."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from eval.mitigation.steer import ALPHA
from eval.runs.metrics import Metrics
from eval.statistics import Rate

_STRENGTH = re.compile(r"(?<![a-z_])steer(?::([0-9]+(?:\.[0-9]*)?(?:e-?[0-9]+)?))?")
Bounded = tuple[float, float, float]  # a share from 0 to 1, and the bounds of its 95 % interval


@dataclass(frozen=True)
class Point:
    """A mitigation by `name`: `x` is of safe prompts, `y` of unsafe ones, `number` what the plot shows, `run` whose."""

    number: int
    name: str
    x: Bounded
    y: Bounded
    run: str = ""

    @property
    def guarded(self) -> bool:
        """Whether a guard is before it."""
        return self.name.startswith("guard+")


def points(rows: Sequence[Metrics]) -> list[Point]:
    """A point per mitigation for which both shares are known: false refusals against unsafe compliance."""
    known = [(row.mitigation, x, y) for row in rows if (x := bounded(row.false_refusal))
             and (y := bounded(row.unsafe_compliance))]  # fmt: skip
    return [Point(number, *point) for number, point in enumerate(known, 1)]


def bounded(rate: Rate, rest: bool = False) -> Bounded | None:
    """The share with its bounds, or that of the `rest`; None of nothing."""
    if rate.share is None or rate.low is None or rate.high is None:
        return None
    return (1 - rate.share, 1 - rate.high, 1 - rate.low) if rest else (rate.share, rate.low, rate.high)


def curves(found: Sequence[Point]) -> list[list[Point]]:
    """The points that differ in the strength of steering alone, weakest first; curves of two points or more."""
    groups: dict[tuple[str, str], list[tuple[float, Point]]] = {}
    for point in found:
        if match := _STRENGTH.search(point.name):
            rest = point.name[: match.start()] + "steer" + point.name[match.end() :]
            groups.setdefault((point.run, rest), []).append((float(match[1] or ALPHA), point))
    return [
        [point for _, point in sorted(group, key=lambda pair: -pair[0])] for group in groups.values() if len(group) > 1
    ]
