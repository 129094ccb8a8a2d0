"""ablation: leave one word out; a word's share is what the refusal score loses when it is deleted."""

import numpy as np

from eval.attribution.attribution import Score
from eval.target import Array


def ablation(score: Score, features: int) -> Array:
    """Nats lost without each word, shape (features,); words + 1 evaluations, no randomness."""
    coalitions = np.ones((features + 1, features), dtype=bool)
    coalitions[1:][np.diag_indices(features)] = False
    scores = score(coalitions)
    return np.asarray(scores[0] - scores[1:])
