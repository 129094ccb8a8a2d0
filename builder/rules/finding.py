"""What a rule reports, and how rules look at records together."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

import regex

from eval.record import Record

TOKEN = regex.compile(r"[\p{L}\p{N}]+(?:['\u2019-][\p{L}\p{N}]+)*")


class Finding(NamedTuple):
    """Record number `at` (from 0) breaks a rule; `other` is one that it cannot stand beside, where there is one."""

    at: int
    message: str
    other: int | None = None


def grouped(records: Sequence[Record], key: Callable[[Record], str | None]) -> dict[str, list[int]]:
    """The indices of the records with each key; None is no key."""
    groups = defaultdict(list)
    for i, record in enumerate(records):
        if (name := key(record)) is not None:
            groups[name].append(i)
    return groups


def tokens(text: str) -> list[str]:
    """The words of a text, without regard to case and without the punctuation around them."""
    return TOKEN.findall(text.casefold())
