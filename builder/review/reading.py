"""Readings: what a reader thinks of a text without knowing its author's label and Focus.

One file per reader, a reading per line, append-only. A reading holds for the text that it was made on: when the text
changes, its digest no longer fits and the reading counts for nothing. `replaced.jsonl` holds every record that was
changed or dropped because of readings, as it was before, and why.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from eval.errors import InputError
from eval.jsonl import read
from eval.record import Label, Record, Span, digest

REPLACED = "replaced.jsonl"
Decision = Literal["accept", "edit", "reject"]


class Reading(BaseModel):
    """One reader's judgement of one text; `naturalness` from 1 (nobody would write this) to 5 (a person wrote it).

    `decision` is what the reader said after seeing the author's label and Focus; None where these were never shown.
    """

    model_config = ConfigDict(extra="forbid")

    id: str
    digest: str
    reader: str
    author_kind: Literal["human", "model"]
    label: Label
    focus: list[str]
    focus_spans: list[Span]
    naturalness: Annotated[int, Field(ge=1, le=5)]
    comment: str = ""
    decision: Decision | None = None


ByRecord = Mapping[str, Sequence[Reading]]


class Replaced(BaseModel):
    """A record as it was before a reader's objection was met, to which fields, and what became of it.

    `annotated`: its label, Focus or neutral was changed; `rewritten`: its text was; `dropped`: it is gone. The field
    `comment` stands for an objection to something else, such as a wrong fact or a likeness to another record.
    """

    model_config = ConfigDict(extra="forbid")

    record: Record
    fields: list[Literal["label", "focus", "naturalness", "comment"]]
    outcome: Literal["annotated", "rewritten", "dropped"]


class Reviews(BaseModel):
    """All readings and all that was changed because of them, in the order of the files."""

    readings: list[Reading] = []
    replaced: list[Replaced] = []


def reviews_beside(folder: Path) -> Path:
    """Where the readings of the records in a folder lie."""
    return (folder if folder.name else folder.resolve()).parent / "reviews"


def read_reviews(folder: Path) -> Reviews:
    """The reviews in a folder of `.jsonl` files.

    Raises:
        InputError: there is no such folder, or a line is no reading; the message names file, line and field.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; give one with a .jsonl file per reader (it may be empty)")
    reviews = Reviews()
    for file in sorted(folder.glob("*.jsonl")):
        if file.name == REPLACED:
            reviews.replaced += read(file, Replaced)
        else:
            reviews.readings += read(file, Reading)
    return reviews


def about(records: Sequence[Record], reviews: Reviews) -> Reviews:
    """The part of the reviews that is about these records, or about dropped ones of their types."""
    ids, kinds = {r.id for r in records}, {_kind(r) for r in records}
    dropped = {i.record.id for i in reviews.replaced if i.outcome == "dropped" and _kind(i.record) in kinds}
    known = ids | dropped
    return Reviews(
        readings=[reading for reading in reviews.readings if reading.id in known],
        replaced=[item for item in reviews.replaced if item.record.id in known],
    )


def first_versions(records: Sequence[Record], reviews: Reviews) -> list[Record]:
    """The records as readers first saw them, those that were dropped afterwards included."""
    before: dict[str, Record] = {}
    for item in about(records, reviews).replaced:
        before.setdefault(item.record.id, item.record)
    unchanged = [record for record in records if record.id not in before]
    return [*unchanged, *before.values()]


def by_record(readings: Sequence[Reading]) -> ByRecord:
    """The readings by the id of their record."""
    found = defaultdict(list)
    for reading in readings:
        found[reading.id].append(reading)
    return found


def readings_of(record: Record, readings: ByRecord) -> list[Reading]:
    """The first reading by each reader of exactly this text, by reader."""
    text, found = digest(record.messages), dict[str, Reading]()
    for reading in readings.get(record.id, ()):
        if reading.digest == text:
            found.setdefault(reading.reader, reading)
    return [found[reader] for reader in sorted(found)]


def _kind(record: Record) -> tuple[str, bool]:
    return record.type, record.scenario_id is None
