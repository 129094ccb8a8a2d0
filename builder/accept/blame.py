"""Which of some new records break the rules beside those that are there."""

from collections import defaultdict
from collections.abc import Sequence

from builder.rules import RULES, Rule
from builder.rules.finding import Finding
from eval.record import Record


def blamed(records: Sequence[Record], new: Sequence[Record]) -> dict[int, list[str]]:
    """What is wrong with the new records, by their index; `records` keep every rule among themselves.

    Where a rule names only old records (so many beginnings alike, say), the first new one with which it is broken is
    to blame.
    """
    found = defaultdict[int, list[str]](list)
    every = [*records, *new]
    for rule in RULES.values():
        findings = list(rule(every))
        for finding in findings:
            if (at := _new(finding, len(records))) is not None:
                found[at].append(finding.message)
        if findings and all(_new(finding, len(records)) is None for finding in findings):
            at, message = _first(rule, records, new)
            found[at].append(message)
    return found


def _new(finding: Finding, old: int) -> int | None:
    """The index among the new records of the one that a finding is about; None if it names old ones only."""
    named = [at - old for at in (finding.at, finding.other) if at is not None and at >= old]
    return named[0] if named else None


def _first(rule: Rule, records: Sequence[Record], new: Sequence[Record]) -> tuple[int, str]:
    old = len(records)
    ends = range(1, len(new) + 1)
    found = ((end - 1, f.message) for end in ends for f in rule([*records, *new[:end]]) if _new(f, old) is None)
    return next(found)
