"""Checks records against every rule and says what is wrong, by file and line."""

from collections.abc import Collection, Sequence

from builder.rules import OF_GROUPS, RULES
from builder.source.read import Place, Problem
from eval.record import Record


def validate(records: Sequence[Record], places: Sequence[Place] = (), torn: Collection[str] = ()) -> list[Problem]:
    """What is wrong with the records, by file and line.

    Args:
        records: all that are checked together.
        places: where each was read; without them, the file of a problem is "records" and its line the record's number.
        torn: files of which some records could not be read, so that nothing is said of pairs and scenarios in them.
    """
    at = places or [Place("records", line) for line in range(1, len(records) + 1)]
    found = []
    for name, rule in RULES.items():
        for i, message, other in rule(records):
            if name in OF_GROUPS and at[i].file in torn:
                continue
            beside = "" if other is None else f" (the other: {at[other].file}:{at[other].line})"
            found.append(Problem(*at[i], f"{records[i].id}: {message}{beside}"))
    return sorted(found)
