"""The records that the page shows, and where they are from: `records_of(dataset)`, and `record(settings, id)` for one.

A dataset is a folder that `xsb-build release` wrote, or one on the Hub at the commit that its main branch has when it
is asked for first, or at a revision (`ORG/NAME@REVISION`). Where the default folder is missing, as in a fresh clone, it
is the records of the package.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from builder.review.agreement import reviewed
from builder.review.reading import ByRecord, Reading, by_record, read_reviews, readings_of
from builder.schema import CONFIGS, config
from builder.shipped import RECORDS, REVIEWS
from builder.source.read import read_places
from builder.versions import highest
from eval.errors import InputError
from eval.record import TYPES, Record
from space_app.explore.release import MAKE, from_hub, from_release
from space_app.held import Held
from space_app.settings import Settings
from space_app.source import on_hub


class Records:
    """The records of a dataset, by dataset, type and id; `origin` says in a line which they are."""

    def __init__(self, records: Sequence[Record], origin: str) -> None:
        """Put them into order, and find who belongs together."""
        self.origin = origin
        self.all: Sequence[Record] = sorted(records, key=_place)
        self._by_id = {record.id: record for record in self.all}
        self._pairs: dict[str, list[Record]] = {}
        for record in self.all:
            if record.pair_id:
                self._pairs.setdefault(record.pair_id, []).append(record)

    def get(self, id: str) -> Record:  # noqa: A002 - the name of the column
        """The record of an id.

        Raises:
            InputError: there is none.
        """
        if id not in self._by_id:
            raise InputError(f"there is no record {id[:80]!r} in {self.origin}; find its id under Explore")
        return self._by_id[id]

    def contrasts(self, record: Record) -> list[Record]:
        """What its pair holds of the other label: the same trigger in another meaning, or the same dialogue."""
        return [other for other in self._pairs.get(record.pair_id or "", ()) if other.label != record.label]

    @cached_property
    def texts(self) -> Sequence[str]:
        """All turns of each record as they are searched, in the order of `all`; a Focus is a part of them."""
        return ["\n".join(message.content for message in record.messages).casefold() for record in self.all]

    @cached_property
    def _shelf(self) -> ByRecord:
        return by_record(read_reviews(REVIEWS).readings)

    def readings(self, record: Record) -> list[Reading]:
        """Blind readings of exactly this text that come with the package."""
        return readings_of(record, self._shelf)


def record(settings: Settings, id: str) -> Record:  # noqa: A002 - the name of the column
    """One record of the dataset that the page shows.

    Raises:
        InputError: there is none of this id, or the dataset cannot be loaded.
    """
    return records_of(settings.dataset).get(id)


def records_of(dataset: str) -> Records:
    """The records of a dataset, loaded once; after a failure a later call tries again, the Hub only after a while.

    Raises:
        InputError: it is no folder of a release and not on the Hub, or cannot be read.
    """
    return (_THERE if on_hub(dataset) else _HERE).get(dataset)


def _here(dataset: str) -> Records:
    if Path(dataset).exists():
        return Records(*from_release(Path(dataset)))
    if dataset == Settings().dataset:
        return _shipped()
    raise InputError(f"{dataset!r} is no name of a repository on the Hub, OWNER/NAME, and no folder here; {MAKE}")


def _there(dataset: str) -> Records:
    place = on_hub(dataset)
    return Records(*from_hub(place)) if place else _here(dataset)


_HERE, _THERE = Held(_here, failed=0.0), Held(_there)


def _shipped() -> Records:
    found, _, problems = read_places(RECORDS)
    if problems:
        raise InputError(f"the records of this package are damaged ({problems[0]}); install it again")
    shelf = by_record(read_reviews(REVIEWS).readings)
    seen = [record.model_copy(update={"review": reviewed(record, shelf)}) for record in found]
    return Records(seen, f"version {highest(seen)}, the records that come with the program")


def _place(record: Record) -> tuple[int, int, str, str]:
    known = TYPES.index(record.type) if record.type in TYPES else len(TYPES)
    return CONFIGS.index(config(record)), known, record.type, record.id
