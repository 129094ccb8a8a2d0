"""How far readers agree with one another and with the author, and where they do not.

Cohen's kappa (scikit-learn) over all pairs of readers of a record, Krippendorff's alpha (`krippendorff`) over author
and readers: 1 is full agreement, 0 is chance, below 0 less than chance; None where only one value was ever given. The
unit of label and naturalness is the record, that of Focus the word: marked or not, over all words of the user's turns.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from statistics import mean
from typing import Literal

from pydantic import BaseModel

from builder.review import Reading, readings_of
from builder.schema import CONFIGS, config
from eval.record import Label, Record, Review, Span
from eval.words import words

ALL = "all"
NATURAL = 4  # a mean below it calls for a rewrite
Unit = tuple[int, ...]


class Agreement(BaseModel):
    """Figures of the records of one config and type that have at least two readings.

    `label_author` and `focus_author` are kappas of author and reader; the other kappas are of reader and reader.
    `naturalness` is the mean over all readings, `natural_safe` and `natural_unsafe` that over those of one label.
    """

    config: str
    type: str
    records: int
    label_kappa: float | None
    label_author: float | None
    label_alpha: float | None
    focus_kappa: float | None
    focus_author: float | None
    focus_alpha: float | None
    naturalness: float
    natural_safe: float | None
    natural_unsafe: float | None
    naturalness_alpha: float | None


class Conflict(BaseModel):
    """A record on which author and readers disagree in `fields`, or that reads unnaturally."""

    record: Record
    readings: list[Reading]
    fields: list[str]

    def opinions(self) -> list[str]:
        """What the author and each reader say, a line each."""
        author = f"author: {self.record.label}, focus {', '.join(self.record.focus)}"
        readers = [f"{r.reader}: {r.label}, focus {', '.join(r.focus)}, natural {r.naturalness}" for r in self.readings]
        return [author, *readers]


def agreement(records: Sequence[Record], readings: Sequence[Reading]) -> list[Agreement]:
    """A row for each config and all its types together, then one per type."""
    read = [(record, found) for record in records if len(found := readings_of(record, readings)) > 1]
    groups = defaultdict(list)
    for record, found in read:
        for name in (ALL, record.type):
            groups[config(record), name].append((record, found))
    rows = sorted(groups, key=lambda row: (CONFIGS.index(row[0]), row[1] != ALL, row[1]))
    return [_agreement(*row, groups[row]) for row in rows]


def conflicts(records: Sequence[Record], readings: Sequence[Reading]) -> list[Conflict]:
    """The records on which somebody disagrees with the author, or whose mean naturalness is below 4."""
    found = []
    for record in records:
        opinions = readings_of(record, readings)
        checks = {
            "label": any(reading.label != record.label for reading in opinions),
            "focus": any(_marks(record, r.focus_spans) != _marks(record, record.focus_spans) for r in opinions),
            "naturalness": bool(opinions) and mean(r.naturalness for r in opinions) < NATURAL,
        }
        if fields := [name for name, wrong in checks.items() if wrong]:
            found.append(Conflict(record=record, readings=opinions, fields=fields))
    return found


def reviewed(record: Record, readings: Sequence[Reading]) -> Review:
    """Who reviewed the record: humans only. Two or more who all agree with label and Focus accept it."""
    humans = [reading for reading in readings_of(record, readings) if reading.author_kind == "human"]
    agree = [
        reading.label == record.label and _marks(record, reading.focus_spans) == _marks(record, record.focus_spans)
        for reading in humans
    ]
    if not humans:
        return Review()
    if len(humans) == 1:
        return Review(status="in_review", reviewers=1)
    return Review(status="accepted" if all(agree) else "in_review", reviewers=len(humans), agreement=mean(agree))


def _naturalness(read: Sequence[tuple[Record, list[Reading]]], label: Label) -> float | None:
    values = [reading.naturalness for record, found in read if record.label == label for reading in found]
    return round(mean(values), 2) if values else None


def _agreement(config: str, name: str, read: Sequence[tuple[Record, list[Reading]]]) -> Agreement:
    """The figures of records with their readings; in each unit the author comes first."""
    labels = [_unit(int(v == "unsafe") for v in (r.label, *(o.label for o in found))) for r, found in read]
    marks = [
        unit
        for r, found in read
        for unit in zip(_marks(r, r.focus_spans), *(_marks(r, o.focus_spans) for o in found), strict=True)
    ]
    natural = [_unit(o.naturalness for o in found) for _, found in read]
    return Agreement(
        config=config,
        type=name,
        records=len(read),
        label_kappa=_kappa(labels, _readers),
        label_author=_kappa(labels, _author),
        label_alpha=_alpha(labels, "nominal"),
        focus_kappa=_kappa(marks, _readers),
        focus_author=_kappa(marks, _author),
        focus_alpha=_alpha(marks, "nominal"),
        naturalness=round(mean(value for unit in natural for value in unit), 2),
        natural_safe=_naturalness(read, "safe"),
        natural_unsafe=_naturalness(read, "unsafe"),
        naturalness_alpha=_alpha(natural, "ordinal"),
    )


def _marks(record: Record, spans: Sequence[Span]) -> Unit:
    """For each word of the user's turns 1 if a span touches it, else 0."""
    places = [word for word in words(record.messages) if record.messages[word.turn].role == "user"]
    return _unit(any(s.turn == w.turn and s.start < w.end and w.start < s.end for s in spans) for w in places)


def _unit(values: Iterable[int]) -> Unit:
    return tuple(int(value) for value in values)


def _readers(unit: Unit) -> Iterable[tuple[int, int]]:
    return combinations(unit[1:], 2)


def _author(unit: Unit) -> Iterable[tuple[int, int]]:
    return ((unit[0], value) for value in unit[1:])


def _kappa(units: Sequence[Unit], pairs: Callable[[Unit], Iterable[tuple[int, int]]]) -> float | None:
    from sklearn.metrics import cohen_kappa_score

    rated = [pair for unit in units for pair in pairs(unit)]
    if len({value for pair in rated for value in pair}) < 2:
        return None
    return round(float(cohen_kappa_score(*zip(*rated, strict=True))), 3)


def _alpha(units: Sequence[Unit], level: Literal["nominal", "ordinal"]) -> float | None:
    import krippendorff

    domain = sorted({value for unit in units for value in unit})
    if len(domain) < 2:
        return None
    counts = [[unit.count(value) for value in domain] for unit in units]
    alpha = krippendorff.alpha(value_counts=counts, value_domain=domain, level_of_measurement=level)
    return round(float(alpha), 3)
