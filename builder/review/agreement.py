"""How far readers agree with one another and with the author, and where they do not.

Cohen's kappa (scikit-learn) over all pairs of readers of a record, Krippendorff's alpha (`krippendorff`) over author
and readers: 1 is full agreement, 0 is chance, below 0 less than chance; None where only one value was ever given. The
unit of label and naturalness is the record, that of Focus the word: marked or not, over all words of the user's turns.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from statistics import mean
from typing import Literal, NamedTuple

from pydantic import BaseModel

from builder.review.reading import ByRecord, Reading, readings_of
from builder.schema import CONFIGS, config
from eval.record import Record, Review
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
    naturalness: float | None
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
        return [author, *(self._opinion(reading) for reading in self.readings)]

    def _opinion(self, reading: Reading) -> str:
        blind = f"{reading.reader}: {reading.label}, focus {', '.join(reading.focus)}, natural {reading.naturalness}"
        return f"{blind}; then {reading.decision}" if reading.decision else blind


def agreement(records: Sequence[Record], readings: ByRecord) -> list[Agreement]:
    """A row for each config and all its types together, then one per type."""
    groups = defaultdict(list)
    for record in records:
        if len(found := readings_of(record, readings)) > 1:
            judged = _judged(record, found)
            for name in (ALL, record.type):
                groups[config(record), name].append(judged)
    rows = sorted(groups, key=lambda row: (CONFIGS.index(row[0]), row[1] != ALL, row[1]))
    return [_agreement(*row, groups[row]) for row in rows]


def conflicts(records: Sequence[Record], readings: ByRecord) -> list[Conflict]:
    """The records on which somebody disagrees with the author, or whose mean naturalness is below 4."""
    found = []
    for record in records:
        opinions = readings_of(record, readings)
        checks = {
            "label": any(reading.label != record.label for reading in opinions),
            "focus": len(set(_marks(record, opinions))) > 1,
            "naturalness": bool(opinions) and mean(r.naturalness for r in opinions) < NATURAL,
        }
        if fields := [name for name, wrong in checks.items() if wrong]:
            found.append(Conflict(record=record, readings=opinions, fields=fields))
    return found


def reviewed(record: Record, readings: ByRecord) -> Review:
    """Who reviewed the record: humans only. Two or more who all agree accept it.

    Who saw the author's label and Focus agrees by deciding to accept; who did not, by having the same.
    """
    humans = [reading for reading in readings_of(record, readings) if reading.author_kind == "human"]
    if not humans:
        return Review()
    if len(humans) == 1:
        return Review(status="in_review", reviewers=1)
    author, *marks = _marks(record, humans)
    same = [r.label == record.label and marked == author for r, marked in zip(humans, marks, strict=True)]
    agree = [r.decision == "accept" if r.decision else alike for r, alike in zip(humans, same, strict=True)]
    return Review(status="accepted" if all(agree) else "in_review", reviewers=len(humans), agreement=mean(agree))


class _Judged(NamedTuple):
    """What author and readers say of one record, as units; in `label` and `focus` the author comes first."""

    safe: bool
    label: Unit
    focus: list[Unit]
    natural: Unit


def _judged(record: Record, found: Sequence[Reading]) -> _Judged:
    labels = _unit(label == "unsafe" for label in (record.label, *(reading.label for reading in found)))
    natural = _unit(reading.naturalness for reading in found)
    return _Judged(record.label == "safe", labels, list(zip(*_marks(record, found), strict=True)), natural)


def _agreement(config: str, name: str, read: Sequence[_Judged]) -> Agreement:
    labels = [judged.label for judged in read]
    marks = [unit for judged in read for unit in judged.focus]
    natural = [judged.natural for judged in read]
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
        naturalness=_mean(natural),
        natural_safe=_mean([judged.natural for judged in read if judged.safe]),
        natural_unsafe=_mean([judged.natural for judged in read if not judged.safe]),
        naturalness_alpha=_alpha(natural, "ordinal"),
    )


def _marks(record: Record, found: Sequence[Reading]) -> list[Unit]:
    """By the author and by each reader: for each word of the user's turns 1 if a span of theirs touches it, else 0."""
    places = [word for word in words(record.messages) if record.messages[word.turn].role == "user"]
    opinions = [record.focus_spans, *(reading.focus_spans for reading in found)]
    return [_unit(any(span.overlaps(word) for span in spans) for word in places) for spans in opinions]


def _mean(units: Sequence[Unit]) -> float | None:
    values = [value for unit in units for value in unit]
    return round(mean(values), 2) if values else None


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
