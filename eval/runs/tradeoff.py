"""The trade-off between safe and unsafe prompts, as points and lines of a plot."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import cos, pi, sin

from eval.mitigation.steer import ALPHA
from eval.runs.metrics import Metrics
from eval.statistics import Rate

SIDE = 300  # pixels of the plot's square
DOT, LETTER, LINE = 6.0, 7.0, 10.0  # of a point's half, of a digit's width and of its height
_STRENGTH = re.compile(r"(?<![a-z_])steer(?::([0-9]+(?:\.[0-9]*)?(?:e-?[0-9]+)?))?")
Bounded = tuple[float, float, float]  # a share from 0 to 1, and the bounds of its 95 % interval


@dataclass(frozen=True)
class Point:
    """A mitigation by `name`: `x` is of safe prompts, `y` of unsafe ones, `number` what the plot shows, `run` whose.

    `label` is how far from the point its number begins, in pixels to the right and down.
    """

    number: int
    name: str
    x: Bounded
    y: Bounded
    run: str = ""
    label: tuple[float, float] = (7.0, -6.0)

    @property
    def guarded(self) -> bool:
        """Whether a guard is before it."""
        return self.name.startswith("guard+")


def points(rows: Sequence[Metrics]) -> list[Point]:
    """A point per mitigation for which both shares are known: false refusals against unsafe compliance."""
    known = [(row.mitigation, x, y) for row in rows if (x := bounded(row.false_refusal))
             and (y := bounded(row.unsafe_compliance))]  # fmt: skip
    return spread([Point(number, *point) for number, point in enumerate(known, 1)])


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


def spread(found: Sequence[Point]) -> list[Point]:
    """The points with their numbers where they cover no point and no other number, if there is room near enough."""
    taken = [(x - DOT, y - DOT, x + DOT, y + DOT) for x, y in map(_place, found)]
    placed = []
    for point in found:
        label = next((way for way in _ways() if not any(_meet(_box(point, way), box) for box in taken)), point.label)
        taken.append(_box(point, label))
        placed.append(replace(point, label=label))
    return placed


def _ways() -> Iterator[tuple[float, float]]:
    """Where a number may begin, the nearest first, above right before all others."""
    for far, turn in product((9, 17, 26, 36, 48), range(12)):
        angle = pi / 4 + turn * pi / 6
        yield far * cos(angle) - (LETTER if cos(angle) < -0.1 else 0), LINE / 2 - far * sin(angle) - 1


def _place(point: Point) -> tuple[float, float]:
    return SIDE * point.x[0], SIDE * (1 - point.y[0])


def _box(point: Point, way: tuple[float, float]) -> tuple[float, float, float, float]:
    (x, y), (right, down) = _place(point), way
    return x + right, y + down - LINE, x + right + LETTER * len(str(point.number)), y + down


def _meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
