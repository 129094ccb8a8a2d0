"""The filters that candidates pass, cheap ones first, as a table of functions, each from a candidate to keep or drop.

`schema` comes before them, since it makes the candidate, and near-duplicates after them, since these need all of them.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from builder.candidate import Candidate
from builder.filters.copies import KnownTexts, no_near_copy
from builder.filters.focus import focus_in_text
from builder.filters.language import in_language
from builder.filters.length import fitting_length
from builder.filters.personal import no_personal_data
from builder.filters.rules import keeps_rules

Filter = Callable[[Candidate], str | None]  # why the candidate is dropped; None keeps it


class Settings(NamedTuple):
    """What filters go by: the two-letter code of the wanted language, and the texts that must not recur."""

    language: str
    known: KnownTexts


SCHEMA, DUPLICATES = "schema", "near-duplicates"
FILTERS: dict[str, Callable[[Settings], Filter]] = {
    "length": lambda _: fitting_length,
    "focus": lambda _: focus_in_text,
    "language": lambda settings: partial(in_language, settings.language),
    "personal data": lambda _: no_personal_data,
    "rules": lambda _: keeps_rules,
    "near-copies": lambda settings: partial(no_near_copy, settings.known),
}
