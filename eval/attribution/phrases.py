"""Phrases: neighbouring words that make the model refuse together, as "blow up", and not each alone.

Two words interact by how much both together add to the score beyond what each adds alone, beside the rest of the text
(the pair's interaction of Grabisch and Roubens 1999, doi 10.1007/s001820050125, in the one context that removes
nothing else).
"""

import numpy as np

from eval.attribution.attribution import MOST_TRIGGERS, Case, Phrase
from eval.target import Array

LONGEST = 4
LEAST = 0.25  # of what the score loses without any word: what it must lose without the phrase
PAIR = (0.25, 0.35)  # of what it loses without both: the interaction, and what it loses without either alone
LONGER = (0.4, 0.49)  # the same for a third or fourth word; all of these were chosen on dev


def phrases(case: Case, shares: Array) -> list[Phrase]:
    """The phrases that the words most to blame are part of; a few evaluations for each.

    Args:
        case: what was explained.
        shares: of its words, shape (features,).
    """
    found: list[Phrase] = []
    for top in np.argsort(-shares, kind="stable")[:MOST_TRIGGERS]:
        if shares[top] <= 0 or any(case.features[top].overlaps(one.span) for one in found):
            continue
        if grown := _grown(case, int(top)):
            found.append(grown)
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
    return phrase(case, first, last, strength)


def phrase(case: Case, first: int, last: int, interaction: float) -> Phrase:
    """The phrase from the word `first` to the word `last`."""
    span = case.covering(first, last)
    return Phrase(text=span.text(case.messages), **span.model_dump(), interaction=interaction)


def _beside(case: Case, neighbour: int, word: int) -> bool:
    return 0 <= neighbour < len(case.features) and case.features[neighbour].turn == case.features[word].turn


def _interaction(case: Case, words: list[int], neighbour: int) -> float:
    """How much words and neighbour add together beyond each alone; 0 if they are no phrase together."""
    kept = np.ones((5, len(case.features)), dtype=bool)
    kept[np.ix_([1, 3], words)] = False
    kept[[2, 3], neighbour] = False
    kept[4] = False
    whole, without_words, without_neighbour, without_both, nothing = case.score(kept)
    together = whole - without_both
    interaction = whole - without_words - without_neighbour + without_both
    share, needed = PAIR if len(words) == 1 else LONGER
    strong = together > 0 and together >= LEAST * (whole - nothing)
    least = whole - max(without_words, without_neighbour)
    joined = interaction >= share * together and least >= needed * together
    return float(interaction) if strong and joined else 0.0
