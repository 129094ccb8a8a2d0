"""Records on their way into a harness's dataset and back: all of a record travels with its sample."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from eval.errors import InputError
from eval.load import load_records, record, taking_turns
from eval.load.formats import LABELS_READ, adapted
from eval.record import Record

PLACE = "place"  # of the record in its dataset, from 0; rows of ours have it
OF_OTHERS = ("id", "messages", "prompt", "label", "type")  # what else they have may mean something else


class Placed(NamedTuple):
    """A record and its place in its dataset; None where a log does not tell it."""

    record: Record
    place: int | None


def placed(dataset: str, split: str) -> list[Placed]:
    """The records of a dataset, types and labels taking turns, so that the first few of them are of every kind.

    The first n are those of `xsb-eval run --limit n`. Errors as for `eval.load.load`.
    """
    records = load_records(dataset, split)
    places = {id(one): place for place, one in enumerate(records)}
    return [Placed(one, places[id(one)]) for one in taking_turns(records)]


def row_of(one: Placed) -> dict[str, Any]:
    """The row that travels with a sample, JSON values only."""
    return {**one.record.model_dump(mode="json"), PLACE: one.place}


def placed_of(row: Mapping[str, Any], number: int) -> Placed:
    """What a sample's row says of its record; a row of others' tasks may be any.

    Args:
        row: with `messages`, and, where they are known, `id`, `label`, `type` and what else a record has.
        number: of the row, from 1, for errors.

    Raises:
        InputError: the row makes no record, or its label is neither safe nor unsafe.
    """
    kept = row if PLACE in row else {name: row[name] for name in OF_OTHERS if isinstance(row.get(name), str | list)}
    (tidy,) = adapted([kept]).rows
    place = row.get(PLACE)
    return Placed(record(tidy, number), place if isinstance(place, int) else None)


def label_of(*candidates: object) -> str | None:
    """The first that is a label, as other projects write them; None if there is none."""
    return next((LABELS_READ[str(one).lower()] for one in candidates if str(one).lower() in LABELS_READ), None)


def check_labels(records: list[Record], what: str) -> None:
    """Raise `InputError` if no record carries a label."""
    if not any(one.label for one in records):
        raise InputError(
            f"no sample of {what} says whether its prompt is safe or unsafe; it takes `label` in the sample's metadata "
            "(Inspect) or document (lm-eval)"
        )
