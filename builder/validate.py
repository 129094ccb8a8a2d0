"""Checks records against every rule and says what is wrong, by file and line."""

from collections.abc import Sequence

from builder.read import Place, Problem
from builder.rules import RULES
from eval.record import Record


def validate(records: Sequence[Record], places: Sequence[Place] = ()) -> list[Problem]:
    """What is wrong with the records, by file and line; `places[i]` says where `records[i]` was read.

    Without places, the file of a problem is "records" and its line the record's number, from 1.
    """
    at = places or [Place("records", line) for line in range(1, len(records) + 1)]
    found = [Problem(*at[i], f"{records[i].id}: {message}") for rule in RULES.values() for i, message in rule(records)]
    return sorted(found)
