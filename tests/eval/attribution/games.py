"""Games whose Shapley values are known by hand, and what the estimates of all of them have to keep."""

from collections.abc import Callable

import numpy as np

from eval.target import Array

Game = Callable[[np.ndarray], Array]

WEIGHTS = np.array([2.0, -1.0, 0.5, 0.0])

GAMES: dict[str, tuple[Game, list[float]]] = {
    "additive": (lambda kept: 3.0 + kept @ WEIGHTS, WEIGHTS.tolist()),
    "either of two words": (lambda kept: 6.0 * (kept[:, 0] | kept[:, 2]), [3.0, 0.0, 3.0, 0.0]),
    "both of two words": (lambda kept: 6.0 * (kept[:, 0] & kept[:, 2]), [3.0, 0.0, 3.0, 0.0]),
    # a pair of gloves needs the one left glove (word 0) and one of the right ones (1, 2): Shapley's own 4/6, 1/6, 1/6
    "gloves": (lambda kept: 6.0 * (kept[:, 0] & (kept[:, 1] | kept[:, 2])), [4.0, 1.0, 1.0, 0.0]),
}

LONG = "one two three four five six seven eight nine ten eleven twelve"


def refusing(kept: np.ndarray) -> Array:
    """A refusal by either of words 2 and 7 of twelve, a little of it by words 4 and 5 together, and a trend."""
    either, both = kept[:, 2] | kept[:, 7], kept[:, 4] & kept[:, 5]
    trend = kept @ np.linspace(-0.4, 0.4, kept.shape[1])
    return np.asarray(6.0 * either + 1.5 * both + trend + np.tanh(trend * either) - 2.0)
