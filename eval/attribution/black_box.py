"""black_box: the fewest words that must go for the refusal to go, found by halves: about log2(words) evaluations.

Delta debugging (algorithm dd of Zeller 1999, doi 10.1145/318774.318946) on the set of removed words. It is guessed
first that one word is enough, which a binary search finds; if that fails, the halves are searched one beside the other,
so that of two words that are each enough to refuse both are found. Texts stay near to the original: the smaller the set
that is looked at, the fewer words are missing.
"""

from collections.abc import Iterable

import numpy as np

from eval.attribution.attribution import Case, Shares
from eval.attribution.phrases import LONGEST, phrase

Group = list[int]


def black_box(case: Case) -> Shares:
    """What the removal of the found words changes, in equal parts; 0 for words that were not found.

    A set of words flips the score if without it the score is below the middle between that of the conversation as it
    is and without any words. The words of the smallest set found share what its removal changes. A neighbour that the
    refusal needs as well is a phrase with its word, and they share its part. 0 means that a word need not go, not that
    it adds nothing. If no words add to the score, all are 0.

    The error is the larger of what the shares leave unexplained (as in `ablation`) and, if the budget ended before the
    set was as small as can be, what one of its words gets less than it would if it were the only one. Chance in the
    answers is not in it. NaN if there is nothing to find.
    """
    search = _Search(case)
    values = np.zeros(len(case.features))
    if search.whole <= search.none:
        return Shares(values, float("nan"), phrases=[])
    search.smallest_of(list(range(len(values))), [])
    found, unsplit = sorted(search.smallest), search.stopped
    sets: list[Group] = [found] if unsplit else []
    for word in [] if unsplit else found:
        sets.append(search.phrase(word, [w for w in found if w != word], {w for words in sets for w in words}))
    changed = search.whole - search.score(found)
    for words in sets:
        values[words] += changed / len(sets) / len(words)
    spread = changed - changed / len(found) if unsplit else 0.0
    phrases = [phrase(case, words[0], words[-1], changed) for words in sets if len(words) > 1 and not unsplit]
    return Shares(values, max(abs(search.score(found) - search.none), spread), phrases=phrases)


class _Search:
    """Asks, within the budget, what the removal of sets of words does; `smallest` is the smallest that flips."""

    def __init__(self, case: Case) -> None:
        self._case, self._scores = case, dict[frozenset[int], float]()
        n = len(case.features)
        self.whole, self.none = (float(s) for s in case.score(np.array([[True] * n, [False] * n])))
        self._scores[frozenset(range(n))] = self.none
        self.smallest: Group = list(range(n))
        self.stopped = False

    def score(self, removed: Iterable[int]) -> float:
        """Without the words."""
        out = sorted(removed)
        if (key := frozenset(out)) not in self._scores:
            kept = np.ones((1, len(self._case.features)), dtype=bool)
            kept[0, out] = False
            self._scores[key] = float(self._case.score(kept)[0])
        return self._scores[key]

    def flips(self, removed: Group) -> bool:
        """Whether the set was seen to flip the score; once the budget is spent, nothing more is seen."""
        if frozenset(removed) not in self._scores and self._case.score.evaluations >= self._case.budget:
            self.stopped = True
            return False
        flips = self.score(removed) < (self.whole + self.none) / 2
        if flips and len(removed) < len(self.smallest):
            self.smallest = removed
        return flips

    def smallest_of(self, words: Group, beside: Group) -> Group:
        """A smallest part of the words that flips together with those beside, which all of them do."""
        if len(words) == 1 or self.stopped:
            return words
        if alone := self._guess(words, beside):
            return alone
        first, second = _halves(words)
        for half in (first, second):
            if self.flips(half + beside):
                return self.smallest_of(half, beside)
        needed = self.smallest_of(first, second + beside)
        return needed + self.smallest_of(second, needed + beside)

    def _guess(self, words: Group, beside: Group) -> Group:
        """The word that flips, if there is one alone; else mostly none."""
        while len(words) > 1:
            first, second = _halves(words)
            words = first if self.flips(first + beside) else second
        return words if self.flips(words + beside) else []

    def phrase(self, word: int, others: Group, taken: set[int]) -> Group:
        """The word and those next to it, if not taken, that the refusal needs as well when the others are removed."""
        features, run, free = self._case.features, [word], taken.isdisjoint
        while len(run) < LONGEST:
            ends = [i for i in (run[0] - 1, run[-1] + 1) if 0 <= i < len(features) and free([i]) and i not in others]
            sides = [i for i in ends if features[i].turn == features[word].turn]
            if len(sides) > 1 and not self.flips(sides + others):
                break
            needed = [i for i in sides if self.flips([i, *others])]
            if not needed:
                break
            run = sorted(run + needed)
        return run


def _halves(words: Group) -> tuple[Group, Group]:
    return words[: len(words) // 2], words[len(words) // 2 :]
