"""Long conversations: turns first, then the sentences of the turns to blame, then the words of those sentences.

So the number of evaluations stays bounded, whatever the length; words that are not looked at one by one get an equal
part of what their turn or sentence was given.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import wraps
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from eval.attribution.attribution import Case, Method, Score, Shares
from eval.record import Span
from eval.target import Array
from eval.words import sentences

MOST_WORDS = 128
MOST_GROUPS = 2

Group = list[int]


class GroupedScore:
    """A score of coalitions of groups of words; words in no group stay."""

    def __init__(self, score: Score, groups: Sequence[Group], words: int) -> None:
        """`groups` hold indices of the `words` features of `score`."""
        self._score, self._groups, self._words = score, groups, words

    @property
    def evaluations(self) -> int:
        """Those of the score behind it."""
        return self._score.evaluations

    @property
    def tokens(self) -> int:
        """Those of the score behind it."""
        return self._score.tokens

    def __call__(self, coalitions: NDArray[np.bool_]) -> Array:
        """The score of each coalition, shape (coalitions, groups) -> (coalitions,)."""
        kept = np.ones((len(coalitions), self._words), dtype=bool)
        for column, group in enumerate(self._groups):
            kept[:, group] = coalitions[:, [column]]
        return self._score(kept)


def by_turns(method: Method) -> Method:
    """The method as it is up to `MOST_WORDS` words, and hierarchical over more."""

    @wraps(method)
    def answer(case: Case) -> Shares:
        return method(case) if len(case.features) <= MOST_WORDS else _descend(method, case)

    return answer


def _descend(method: Method, case: Case) -> Shares:
    values, error, passes = np.zeros(len(case.features)), 0.0, 0
    chosen: Group = list(range(len(case.features)))
    alone: set[int] = set()
    for split in (_turns, _sentences, _words, _words):  # words twice: 128 parts of a sentence may hold several
        groups = split(case, chosen)
        if len(groups) == 1:
            continue
        answer = method(_grouped(case, groups))
        for group, share in zip(groups, answer.values, strict=True):
            values[group] = share / len(group)
        alone |= {group[0] for group in groups if len(group) == 1}
        error, passes = float(np.fmax(error, answer.error)), passes + answer.passes
        chosen = _blamed(groups, answer.values)
        if len(chosen) <= MOST_GROUPS:
            break
    return Shares(values, error, passes, _note(len(values), len(alone)))


def _note(words: int, alone: int) -> str:
    return f"{words - alone:,} of {words:,} words were looked at only as parts of turns or sentences" * (alone < words)


def _blamed(groups: list[Group], shares: Array) -> Group:
    """The words of the group most to blame, and of the next if it has at least half as much."""
    order = np.argsort(-shares, kind="stable")[:MOST_GROUPS]
    return sorted(i for at in order if at == order[0] or shares[at] >= shares[order[0]] / 2 for i in groups[at])


def _grouped(case: Case, groups: list[Group]) -> Case:
    spans = [_covering(case, group) for group in groups]
    return replace(case, features=spans, score=GroupedScore(case.score, groups, len(case.features)))


def _covering(case: Case, group: Group) -> Span:
    first, last = case.features[group[0]], case.features[group[-1]]
    return Span(turn=first.turn, start=first.start, end=last.end)


def _turns(case: Case, words: Group) -> list[Group]:
    return _bounded(words, lambda i: case.features[i].turn)


def _sentences(case: Case, words: Group) -> list[Group]:
    starts = [(sentence.turn, sentence.start) for sentence in sentences(case.messages)]
    return _bounded(words, lambda i: bisect_right(starts, (case.features[i].turn, case.features[i].start)))


def _words(_: Case, words: Group) -> list[Group]:
    return _bounded(words, lambda i: i)


def _bounded(words: Group, key: Callable[[int], int]) -> list[Group]:
    """Words of equal key together, neighbouring groups joined until there are at most `MOST_WORDS`."""
    groups = [list(group) for _, group in groupby(words, key=key)]
    parts = np.array_split(np.arange(len(groups)), min(len(groups), MOST_WORDS))
    return [[i for at in part for i in groups[at]] for part in parts]
