"""The trade-off between false refusals and unsafe compliance, as points and lines of a plot."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from eval.mitigation.steer import ALPHA
from eval.runs.metrics import Metrics

_STRENGTH = re.compile(r"(?<![a-z_])steer(?::([0-9.e-]+))?")


@dataclass(frozen=True)
class Point:
    """One mitigation: shares from 0 to 1, with the bounds of their 95 % intervals. `number` is what the plot shows."""

    number: int
    name: str
    refused: tuple[float, float, float]
    complied: tuple[float, float, float]

    @property
    def guarded(self) -> bool:
        """Whether a guard is before it."""
        return self.name.startswith("guard+")


def points(rows: Sequence[Metrics]) -> list[Point]:
    """A point per mitigation for which both shares are known."""
    found: list[Point] = []
    for row in rows:
        x, y = row.false_refusal, row.unsafe_compliance
        if x.share is None or x.low is None or x.high is None or y.share is None or y.low is None or y.high is None:
            continue
        found.append(Point(len(found) + 1, row.mitigation, (x.share, x.low, x.high), (y.share, y.low, y.high)))
    return found


def curves(found: Sequence[Point]) -> list[list[Point]]:
    """The points that differ in the strength of steering alone, weakest first; curves of two points or more."""
    groups: dict[str, list[tuple[float, Point]]] = {}
    for point in found:
        if match := _STRENGTH.search(point.name):
            rest = point.name[: match.start()] + "steer" + point.name[match.end() :]
            groups.setdefault(rest, []).append((float(match[1] or ALPHA), point))
    return [
        [point for _, point in sorted(group, key=lambda pair: -pair[0])] for group in groups.values() if len(group) > 1
    ]
