"""hybrid: the refusal direction proposes words, removing them in all combinations decides.

Representation-level evidence (`direction`, one pass) sees every word at once, also words that hide one another, but
only to first order; token-level evidence is what the model really does without a word, but costs evaluations. So the
few words that the direction points at, and the neighbours of the first, that a phrase may hold, get their exact Shapley
values in the conversation that keeps all other words.
"""

from itertools import product
from math import comb

import numpy as np

from eval.attribution.attribution import Case, Shares
from eval.attribution.direction import direction
from eval.attribution.hierarchy import GroupedScore
from eval.target import Array

PROPOSED = 3  # words by the direction; with the first one's neighbours at most 5, so 32 evaluations
WEIGHT = 0.5  # of the direction's nats beside the Shapley values: the best of 0 to 4 on dev (docs/attribution.md)


def hybrid(case: Case) -> Shares:
    """Shapley values of the proposed words plus the direction's shares of all words, nats; at most 34 evaluations.

    Words that are not proposed have the direction's share alone. The error is how far the proposed words' Shapley
    values are from explaining the score with all words less the score with none.

    Raises:
        ModelError: no direction is known for the model, or it gives no hidden states.
    """
    first = direction(case)
    proposed = _proposed(case, first.values)
    exact = shapley(GroupedScore(case.score, [[i] for i in proposed], len(case.features)), len(proposed))
    values = WEIGHT * first.values
    values[proposed] += exact
    ends = case.score(np.array([[True], [False]]).repeat(len(case.features), axis=1))
    return Shares(values, abs(float(ends[0] - ends[1] - exact.sum())), first.passes)


def shapley(score: GroupedScore, players: int) -> Array:
    """Exact Shapley values (Shapley 1953), shape (players,); 2^players evaluations."""
    coalitions = np.array(list(product([False, True], repeat=players)))
    scores = score(coalitions)
    sizes = coalitions.sum(axis=1)
    place = 1 << np.arange(players)[::-1]  # of each player's bit in the order of the coalitions
    values = np.empty(players)
    for player in range(players):
        without = np.flatnonzero(~coalitions[:, player])
        weights = 1 / (players * np.array([comb(players - 1, int(size)) for size in sizes[without]]))
        values[player] = weights @ (scores[without + place[player]] - scores[without])
    return values


def _proposed(case: Case, shares: Array) -> list[int]:
    """The words first by the direction, and the neighbours of the first one in its turn, in reading order."""
    ranked = [int(i) for i in np.argsort(-shares, kind="stable")[:PROPOSED]]
    turns = [feature.turn for feature in case.features]
    beside = [i for i in (ranked[0] - 1, ranked[0] + 1) if 0 <= i < len(turns) and turns[i] == turns[ranked[0]]]
    return sorted({*ranked, *beside})
