"""Shares with 95 % intervals, means with bootstrap intervals, and a paired test."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import binomtest, bootstrap

RESAMPLES = 2000
SEED = 20251129


class Mean(NamedTuple):
    """A mean and the bounds of its 95 % interval; of fewer than two values there is no interval."""

    value: float
    low: float | None
    high: float | None


class Paired(NamedTuple):
    """Cases that only the first method gets right, only the second, and the exact two-sided p-value (McNemar 1947)."""

    first: int
    second: int
    p: float


def mean(values: Sequence[float]) -> Mean:
    """The mean, with the percentile bootstrap's 95 % interval (Efron 1979) over cases."""
    if len(values) < 2:
        return Mean(float(np.mean(values)), None, None)
    rng = np.random.default_rng(SEED)
    found = bootstrap((np.asarray(values),), np.mean, n_resamples=RESAMPLES, method="percentile", rng=rng)
    low, high = found.confidence_interval
    return Mean(float(np.mean(values)), float(low), float(high))


def mcnemar(first: Sequence[bool], second: Sequence[bool]) -> Paired:
    """Whether two methods differ on the same cases; p is 1 where they never do."""
    only_first = sum(a and not b for a, b in zip(first, second, strict=True))
    only_second = sum(b and not a for a, b in zip(first, second, strict=True))
    n = only_first + only_second
    return Paired(only_first, only_second, float(binomtest(only_first, n).pvalue) if n else 1.0)
