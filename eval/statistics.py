"""Shares and means with 95 % intervals, and paired comparisons."""

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

import numpy as np
from pydantic import BaseModel
from scipy.stats import binomtest, bootstrap, norm

RESAMPLES = 2000
SEED = 20251129
Z = float(norm.ppf(0.975))


class Rate(BaseModel):
    """`count` of `scored` samples, and the bounds of the share's 95 % Wilson interval (`rate`); no share of nothing."""

    count: int
    scored: int
    share: float | None
    low: float | None
    high: float | None


class Mean(NamedTuple):
    """A mean and the bounds of its 95 % interval; of fewer than two values there is no interval."""

    value: float
    low: float | None
    high: float | None


class Paired(NamedTuple):
    """Cases that only the first gets right, only the second, and the exact two-sided p-value (McNemar 1947)."""

    first: int
    second: int
    p: float


def rate(count: int, scored: int, independent: int | None = None) -> Rate:
    """A share with its interval.

    Args:
        count: of those that are so.
        scored: of all.
        independent: how many of them do not depend on one another, if not all: of several answers to one record as many
            as records. The interval is that of so many, which is right where all answers to a record are alike, and too
            wide where they are not.
    """
    if not scored:
        return Rate(count=0, scored=0, share=None, low=None, high=None)
    low, high = wilson(count / scored, scored if independent is None else independent)
    return Rate(count=count, scored=scored, share=count / scored, low=low, high=high)


def wilson(share: float, n: int) -> tuple[float, float]:
    """The 95 % interval of a share of `n` (Wilson 1927)."""
    centre = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    return (0.0 if share == 0 else centre - half), (1.0 if share == 1 else centre + half)


def mean(values: Sequence[float]) -> Mean:
    """The mean, with the percentile bootstrap's 95 % interval (Efron 1979) over cases."""
    return clustered_mean(values, range(len(values)))


def clustered_mean(values: Sequence[float], clusters: Sequence[object]) -> Mean:
    """The mean, with the interval of a percentile bootstrap that draws whole clusters (Field and Welsh 2007).

    Args:
        values: such as the differences of paired samples.
        clusters: of each value, such as its pair or scenario, within which values depend on one another.
    """
    groups = list(dict.fromkeys(clusters))
    place = {group: at for at, group in enumerate(groups)}
    sums, counts = np.zeros(len(groups)), np.zeros(len(groups))
    for value, cluster in zip(values, clusters, strict=True):
        sums[place[cluster]] += value
        counts[place[cluster]] += 1
    value = float(sums.sum() / counts.sum())
    if len(groups) < 2:
        return Mean(value, None, None)
    found = bootstrap(
        (sums, counts), _ratio, paired=True, vectorized=True, n_resamples=RESAMPLES, batch=100, method="percentile",
        rng=np.random.default_rng(SEED),
    )  # fmt: skip
    low, high = found.confidence_interval
    return Mean(value, float(low), float(high))


def mcnemar(first: Sequence[bool], second: Sequence[bool]) -> Paired:
    """Whether two methods differ on the same cases; p is 1 where they never do."""
    only_first = sum(a and not b for a, b in zip(first, second, strict=True))
    only_second = sum(b and not a for a, b in zip(first, second, strict=True))
    return Paired(only_first, only_second, sign_test(only_first, only_second))


def holm(p: Sequence[float]) -> list[float]:
    """Each p-value adjusted for how many there are (Holm 1979), which holds however the tests depend on one another."""
    order = sorted(range(len(p)), key=p.__getitem__)
    found, least = [0.0] * len(p), 0.0
    for before, at in enumerate(order):
        least = max(least, min(1.0, (len(p) - before) * p[at]))
        found[at] = least
    return found


def sign_test(fewer: int, more: int) -> float:
    """The exact two-sided p-value of so many cases that fell and so many that rose; 1 where none did either."""
    return float(binomtest(fewer, fewer + more).pvalue) if fewer + more else 1.0


def _ratio(sums: np.ndarray, counts: np.ndarray, axis: int) -> np.ndarray:
    return np.asarray(sums.sum(axis) / counts.sum(axis))
