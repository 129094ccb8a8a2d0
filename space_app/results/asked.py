"""What an address asks of the tab: which rows of the leaderboard, or which samples of a run."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from space_app.place import link, page_number

LONGEST = 300  # characters of a part of the address
LAST_PAGE = 100_000


@dataclass(frozen=True)
class Asked:
    """The leaderboard without `run`, with it the run's samples; what is empty is all. `sort` is a column, or -column.

    `label` is safe, unsafe or suite; `outcome` refused, partly, answered or unscored, as in a report's own links.
    """

    model: str = ""
    dataset: str = ""
    mitigation: str = ""
    sort: str = ""
    run: str = ""
    label: str = ""
    type: str = ""
    outcome: str = ""
    record: str = ""
    page: int = 1

    @property
    def address(self) -> str:
        """The address that asks it."""
        told = {name: str(value) for name, value in asdict(self).items() if value and (name, value) != ("page", 1)}
        return link("results", **told)

    def where(self, **changes: Any) -> str:
        """The address of the same with something else; pages begin anew."""
        return replace(self, **{"page": 1, **changes}).address


def asked_of(query: Mapping[str, str]) -> Asked:
    """What is asked; parts that are too long or no number are left out."""
    texts = {field.name: query.get(field.name, "") for field in fields(Asked) if field.name != "page"}
    kept = {name: text for name, text in texts.items() if len(text) <= LONGEST}
    return Asked(**kept, page=min(page_number(query.get("page", "")), LAST_PAGE))
