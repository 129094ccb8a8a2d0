"""Long conversations: turns first, by halves, then the sentences of the turns to blame, then the words of those.

So the number of evaluations stays bounded, whatever the length; words that are not looked at one by one get an equal
part of what their turn or sentence was given. Turns without which the refusal stays are left out while others are
looked into, so that a long dialogue costs little more than its turn to blame.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import wraps
from itertools import groupby, product
from math import comb

import numpy as np

from eval.attribution.attribution import Behind, Case, Method, Score, Shares
from eval.attribution.phrases import phrases
from eval.removal import Coalitions
from eval.target import Array
from eval.words import sentences

MOST_WORDS = 128
MOST_GROUPS = 2
KEPT = 0.5  # of what the score loses without any word: what it must keep without the turns that are left out

Group = list[int]


class GroupedScore(Behind):
    """A score of coalitions of groups of words; words in no group stay, but for those that are left out throughout."""

    def __init__(self, score: Score, groups: Sequence[Group], words: int, left_out: Sequence[int] = ()) -> None:
        """`groups` hold indices of the `words` features of `score`, and so does `left_out`."""
        super().__init__(score)
        self._groups, self._words, self._left_out = groups, words, list(left_out)

    def __call__(self, coalitions: Coalitions) -> Array:
        """The score of each coalition, shape (coalitions, groups) -> (coalitions,)."""
        kept = np.ones((len(coalitions), self._words), dtype=bool)
        for column, group in enumerate(self._groups):
            kept[:, group] = coalitions[:, [column]]
        kept[:, self._left_out] = False
        return self.score(kept)


def shapley(score: GroupedScore, players: int) -> Array:
    """Exact Shapley values (Shapley 1953), shape (players,); 2^players evaluations."""
    coalitions = np.array(list(product([False, True], repeat=players)))
    scores = score(coalitions)
    sizes = coalitions.sum(axis=1)
    place = 1 << np.arange(players)[::-1]  # of each player's bit in the order of the coalitions
    values = np.empty(players)
    for player in range(players):
        others = np.flatnonzero(~coalitions[:, player])
        weights = 1 / (players * np.array([comb(players - 1, int(size)) for size in sizes[others]]))
        values[player] = weights @ (scores[others + place[player]] - scores[others])
    return values


def by_turns(method: Method) -> Method:
    """The method as it is up to `MOST_WORDS` words; over more in the turns to blame, by sentences, then words."""
    return in_turns(by_sentences(method))


def in_turns(method: Method) -> Method:
    """The method as it is up to `MOST_WORDS` words; over more in the conversation without turns that can be spared.

    The error is then also what all shares together leave unexplained of the score with all words less the score with
    none. Gradients are those of the text with the spared turns empty, whatever the removal.
    """

    @wraps(method)
    def answer(case: Case) -> Shares:
        if len(case.features) <= MOST_WORDS:
            return method(case)
        values, spared = _blamed_turns(case)
        if not spared:
            return method(case)
        within, kept = _narrowed(case, spared)
        found = method(within)
        values[kept] = found.values
        error = float(np.fmax(found.error, abs(case.at_stake - values.sum())))
        told = phrases(within, found.values) if found.phrases is None else found.phrases
        note = _note(len(spared), len(values), "turns")
        return found._replace(
            values=values, error=error, phrases=told, note="; ".join(filter(None, [note, found.note]))
        )

    return answer


def by_sentences(method: Method) -> Method:
    """The method as it is up to `MOST_WORDS` words; over more on sentences, then on the words of those to blame."""

    @wraps(method)
    def answer(case: Case) -> Shares:
        return method(case) if len(case.features) <= MOST_WORDS else _descend(method, case)

    return answer


def _blamed_turns(case: Case) -> tuple[Array, Group]:
    """Each word's part of its turn's Shapley value, nats, and the words of turns that can be spared."""
    values, spared = np.zeros(len(case.features)), Group()
    chosen: Group = list(range(len(case.features)))
    for part_of in _halves(case):
        groups = _bounded(chosen, [part_of[span.turn] for span in case.features].__getitem__)
        shares = shapley(GroupedScore(case.score, groups, len(case.features), spared), len(groups))
        for group, share in zip(groups, shares, strict=True):
            values[group] = share / len(group)
        chosen = _blamed(groups, shares)
        spared = spare(case, chosen) or spared
    return values, spared


def _halves(case: Case) -> Iterator[dict[int, int]]:
    """The part that each turn is in: halves of the turns, then quarters, and so on, down to turns."""
    turns = sorted({feature.turn for feature in case.features})
    parts = 1
    while parts < len(turns):
        parts = min(2 * parts, len(turns))
        yield {turn: part for part, held in enumerate(np.array_split(turns, parts)) for turn in held.tolist()}


def spare(case: Case, needed: Group) -> Group:
    """The words of all turns but those of the `needed` ones and, if need be, the last, if the refusal stays without."""
    turns = {case.features[i].turn for i in needed}
    for kept_turns in (turns, turns | {case.features[-1].turn}):
        others = [i for i, span in enumerate(case.features) if span.turn not in kept_turns]
        if not others:
            break
        kept = np.array([[True], [False], [False]]).repeat(len(case.features), axis=1)
        kept[1] = [span.turn in kept_turns for span in case.features]
        whole, left, nothing = case.score(kept)
        if left - nothing >= KEPT * (whole - nothing):
            return others
    return []


def _narrowed(case: Case, spared: Group) -> tuple[Case, Group]:
    """The case without the words of whole turns, and which words of it are left."""
    gone = set(spared)
    kept = [i for i in range(len(case.features)) if i not in gone]
    score = GroupedScore(case.score, [[i] for i in kept], len(case.features), spared)
    empty = {case.features[i].turn for i in spared}
    messages = [m.model_copy(update={"content": ""}) if at in empty else m for at, m in enumerate(case.messages)]
    return replace(case, messages=messages, features=[case.features[i] for i in kept], score=score), kept


def _descend(method: Method, case: Case) -> Shares:
    values, error, passes = np.zeros(len(case.features)), 0.0, 0
    chosen: Group = list(range(len(case.features)))
    alone: set[int] = set()
    for split in (_sentences, _words, _words):  # words twice: 128 parts of a sentence may hold several
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
    return Shares(values, error, passes, _note(len(values) - len(alone), len(values), "sentences"))


def _note(parts: int, words: int, of: str) -> str:
    return f"{parts:,} of {words:,} words were looked at only as parts of {of}" * (parts > 0)


def _blamed(groups: list[Group], shares: Array) -> Group:
    """The words of the group most to blame, and of the next if it has at least half as much."""
    order = np.argsort(-shares, kind="stable")[:MOST_GROUPS]
    return sorted(i for at in order if at == order[0] or shares[at] >= shares[order[0]] / 2 for i in groups[at])


def _grouped(case: Case, groups: list[Group]) -> Case:
    spans = [case.covering(group[0], group[-1]) for group in groups]
    return replace(case, features=spans, score=GroupedScore(case.score, groups, len(case.features)))


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
