"""What a visitor asks for, as the page's address has it, and which records that are."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from builder.schema import config
from eval.record import Record
from space_app.explore.records import Records
from space_app.place import Query, link, page_number

FILTERS = ("dataset", "type", "label", "topic", "review")
LONGEST = 200  # characters of a search, or of a value
PAGE = 20  # records
PAGE_KEY = "p"  # Gradio keeps the key `page` for itself, and fails on a page that it does not know


class Choice(BaseModel):
    """A value for each filter ("" for all), words to search for, the page (from 1), and the record that is open."""

    model_config = ConfigDict(frozen=True)

    dataset: str = ""
    type: str = ""
    label: str = ""
    topic: str = ""
    review: str = ""
    q: str = ""
    page: int = 1
    record: str = ""

    @property
    def filters(self) -> dict[str, str]:
        """The filters that leave something out, with their values."""
        return {name: getattr(self, name) for name in FILTERS if getattr(self, name)}

    def address(self, **changed: object) -> str:
        """The address that shows this, with some of it changed."""
        asked = {**self.model_dump(), **changed}
        page = asked.pop("page")
        return link("explore", **asked, **{PAGE_KEY: str(page) if page != 1 else None})


class Found(NamedTuple):
    """Records, and per filter how many there would be of each of its values, the other filters left as they are."""

    records: list[Record]
    counts: Mapping[str, Counter[str]]


def asked_for(query: Query) -> Choice:
    """The choice of an address; what it does not know is left out, and so is what is too long."""
    known = {name: query[name][:LONGEST] for name in Choice.model_fields if name in query}
    known.pop("page", None)
    return Choice.model_validate({**known, "page": page_number(query.get(PAGE_KEY, ""))})


def find(records: Records, choice: Choice) -> Found:
    """The records with each filter's value and, in any turn, all words of the search, capital or not."""
    words, wanted = choice.q.casefold().split(), choice.filters
    found, counts = [], {name: Counter[str]() for name in FILTERS}
    for record, text in zip(records.all, records.texts, strict=True):
        if any(word not in text for word in words):
            continue
        values = _values(record)
        differing = [name for name, value in wanted.items() if values[name] != value]
        if not differing:
            found.append(record)
        if len(differing) < 2:
            for name in differing or FILTERS:
                counts[name][values[name]] += 1
    return Found(found, counts)


def _values(record: Record) -> dict[str, str]:
    return {
        "dataset": config(record), "type": record.type, "label": record.label or "", "topic": record.topic,
        "review": record.review.status,
    }  # fmt: skip
