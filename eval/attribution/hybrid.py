"""hybrid: the refusal direction proposes words, removing them in all combinations decides.

Representation-level evidence (`direction`, one pass) sees every word at once, but only to first order; token-level
evidence is what the model really does without a word, but costs evaluations. So the few words that the direction points
at get their exact Shapley values in the conversation that keeps all other words: the first two, the neighbours of the
first, that a phrase may hold, and the first one of a second look at the text without the first word, where a word that
it hid comes to light.
"""

from dataclasses import replace

import numpy as np

from eval.attribution.attribution import Case, Shares
from eval.attribution.direction import along
from eval.attribution.hierarchy import GroupedScore, shapley
from eval.target import Array
from eval.words import without_one

PROPOSED = 2  # words at first sight; with two neighbours and the second look's at most 5, so 32 evaluations
WEIGHT = 0.5  # of the direction's nats beside the Shapley values; like PROPOSED chosen on dev (docs/attribution.md)


def hybrid(case: Case) -> Shares:
    """Shapley values of the proposed words plus the direction's shares of all words, nats.

    2 passes and at most 34 evaluations. Words that are not proposed have the direction's share alone. The error is how
    far the proposed words' Shapley values are from explaining the score with all words less the score with none.

    Raises:
        ModelError: no direction is known for the model, or it gives no hidden states.
    """
    shares, first_passes = along(case)
    hidden, second_passes = _second_look(case, int(np.argmax(shares)))
    proposed = sorted({*_first_sight(case, shares), *hidden})
    exact = shapley(GroupedScore(case.score, [[i] for i in proposed], len(case.features)), len(proposed))
    values = WEIGHT * shares
    values[proposed] += exact
    return Shares(values, abs(case.at_stake - float(exact.sum())), first_passes + second_passes)


def _first_sight(case: Case, shares: Array) -> list[int]:
    """The words first by the direction, and the neighbours of the first one in its turn."""
    ranked = [int(i) for i in np.argsort(-shares, kind="stable")[:PROPOSED]]
    turns = [feature.turn for feature in case.features]
    beside = [i for i in (ranked[0] - 1, ranked[0] + 1) if 0 <= i < len(turns) and turns[i] == turns[ranked[0]]]
    return [*ranked, *beside]


def _second_look(case: Case, top: int) -> tuple[list[int], int]:
    """The word first by the direction in the text without the word `top`, if there is another, and the passes."""
    if len(case.features) == 1:
        return [], 0
    messages, features = without_one(case.messages, case.features, top)
    shares, passes = along(replace(case, messages=messages, features=features))
    found = int(np.argmax(shares))
    return [found + (found >= top)], passes
