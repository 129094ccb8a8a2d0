"""Which of some new records break the rules beside those that are there."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from builder.rules import OF_ONE, RULES, Rule
from builder.rules.finding import Finding
from eval.record import Record

NEAR_RULE = "no near-duplicates"


class Blame(NamedTuple):
    """New record number `at` (from 0) breaks a rule; `other` is one that it cannot stand beside, where there is one."""

    at: int
    rule: str
    message: str
    other: Record | None = None


def blamed(records: Sequence[Record], new: Sequence[Record]) -> dict[int, list[str]]:
    """What is wrong with the new records, by their index; as `blames` finds it."""
    found = defaultdict[int, list[str]](list)
    for blame in blames(records, new, records):
        found[blame.at].append(blame.message)
    return found


def blames(records: Sequence[Record], new: Sequence[Record], near: Sequence[Record]) -> Iterator[Blame]:
    """What is wrong with the new records.

    Where a rule names only old records (so many beginnings alike, say), the first new one with which it is broken is
    to blame.

    Args:
        records: those that are there; they keep every rule among themselves.
        new: what is to stand beside them.
        near: those of the records that could be near-duplicates of new ones, which takes longest to find out.
    """
    for name, rule in RULES.items():
        old = [] if name in OF_ONE else near if name == NEAR_RULE else records
        every = [*old, *new]
        findings = list(rule(every))
        for finding in findings:
            if (at := _new(finding, len(old))) is not None:
                others = [every[i] for i in (finding.at, finding.other) if i is not None and i != at + len(old)]
                yield Blame(at, name, finding.message, next(iter(others), None))
        if findings and all(_new(finding, len(old)) is None for finding in findings):
            at, message = _first(rule, old, new)
            yield Blame(at, name, message)


def _new(finding: Finding, old: int) -> int | None:
    """The index among the new records of the one that a finding is about; None if it names old ones only."""
    named = [at - old for at in (finding.at, finding.other) if at is not None and at >= old]
    return named[0] if named else None


def _first(rule: Rule, records: Sequence[Record], new: Sequence[Record]) -> tuple[int, str]:
    old = len(records)
    ends = range(1, len(new) + 1)
    found = ((end - 1, f.message) for end in ends for f in rule([*records, *new[:end]]) if _new(f, old) is None)
    return next(found)
