"""A text cut where marks begin or end, for pages that show which parts of it somebody chose or searched for."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

Mark = tuple[int, int]
"""The first character, and the one behind the last."""


def cut(text: str, marks: Sequence[Mark]) -> list[tuple[str, tuple[int, ...]]]:
    """The pieces of a text in order, each with the numbers of the marks that it lies in; marks may overlap."""
    begin, end = defaultdict[int, list[int]](list), defaultdict[int, list[int]](list)
    for number, (first, behind) in enumerate(marks):
        if first < behind:
            begin[first].append(number)
            end[behind].append(number)
    pieces, inside = [], set[int]()
    for at, to in pairwise(sorted({0, len(text), *begin, *end})):
        inside = (inside - {*end[at]}) | {*begin[at]}
        pieces.append((text[at:to], tuple(sorted(inside))))
    return pieces
