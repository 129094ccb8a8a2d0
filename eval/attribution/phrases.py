"""Phrases: neighbouring words that make the model refuse together, as "blow up", and not each alone.

Two words interact by how much both together add to the score beyond what each adds alone, beside the rest of the text
(the pair's interaction of Grabisch and Roubens 1999, doi 10.1007/s001820050125, in the one context that removes
nothing else).
"""

import numpy as np

from eval.attribution.attribution import MOST_TRIGGERS, Case, Phrase
from eval.target import Array

LEAST = 0.5  # of what the score loses without both words
LONGEST = 4


def phrases(case: Case, shares: Array) -> list[Phrase]:
    """The phrases that the words most to blame are part of; a few evaluations for each.

    Args:
        case: what was explained.
        shares: of its words, shape (features,).
    """
    found: list[Phrase] = []
    for top in np.argsort(-shares, kind="stable")[:MOST_TRIGGERS]:
        if shares[top] <= 0 or any(case.features[top].overlaps(phrase.span) for phrase in found):
            continue
        if phrase := _grown(case, int(top)):
            found.append(phrase)
    return found


def _grown(case: Case, word: int) -> Phrase | None:
    """The phrase around a word: neighbours are taken in as long as they interact with it."""
    first, last, strength = word, word, 0.0
    while last - first + 1 < LONGEST:
        sides = [i for i in (first - 1, last + 1) if _beside(case, i, word)]
        gains = {i: _interaction(case, list(range(first, last + 1)), i) for i in sides}
        if not gains or max(gains.values()) <= 0:
            break
        best = max(gains, key=gains.__getitem__)
        first, last, strength = min(first, best), max(last, best), max(strength, gains[best])
    if first == last:
        return None
    start, end = case.features[first].start, case.features[last].end
    turn = case.features[word].turn
    text = case.messages[turn].content[start:end]
    return Phrase(text=text, turn=turn, start=start, end=end, interaction=strength)


def _beside(case: Case, neighbour: int, word: int) -> bool:
    return 0 <= neighbour < len(case.features) and case.features[neighbour].turn == case.features[word].turn


def _interaction(case: Case, phrase: list[int], neighbour: int) -> float:
    """How much phrase and neighbour add together beyond each alone; 0 if that is less than `LEAST` of their effect."""
    kept = np.ones((4, len(case.features)), dtype=bool)
    kept[np.ix_([1, 3], phrase)] = False
    kept[[2, 3], neighbour] = False
    whole, without_phrase, without_neighbour, without_both = case.score(kept)
    together = whole - without_both
    interaction = whole - without_phrase - without_neighbour + without_both
    return float(interaction) if interaction >= LEAST * together > 0 else 0.0
