"""ablation: leave one word out; a word's share is what the refusal score loses when it is removed."""

import numpy as np

from eval.attribution.attribution import Case, Shares


def ablation(case: Case) -> Shares:
    """Nats lost without each word; words + 2 evaluations, no randomness.

    The error is what the shares leave unexplained: how far their sum is from the score with all words less the score
    with none. It is large where words hide or need one another.
    """
    n = len(case.features)
    coalitions = np.ones((n + 2, n), dtype=bool)
    coalitions[1 : n + 1][np.diag_indices(n)] = False
    coalitions[n + 1] = False
    scores = case.score(coalitions)
    shares = scores[0] - scores[1 : n + 1]
    return Shares(shares, abs(float(scores[0] - scores[n + 1] - shares.sum())))
