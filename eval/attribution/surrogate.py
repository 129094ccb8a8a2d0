"""Shapley values from few scores: a Gaussian process over coalitions, whose Shapley values have a closed form.

The score is taken for a draw from a prior: a sum over the words, plus a part that forgets a word at the rate at which
the word matters (a product of one factor per word, so words that matter interact), plus noise. Rates and strengths
are fitted to the scores; the Shapley values of what the process then expects follow from Owen's integral (1972,
doi 10.1287/mnsc.18.5.64), and so does how far they may be off (as in Chau et al. 2023, arXiv 2305.15167).
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from eval.removal import Coalitions
from eval.target import Array

FITTED = 256  # coalitions that the prior is fitted to: more cost time, and change it little
JITTER = 1e-7


class _Prior(NamedTuple):
    """`rates` per word; variances of the product, linear and noise parts, of scores scaled to variance 1."""

    rates: Array
    product: float
    linear: float
    noise: float


# natural logarithms of what is expected before any score is seen, their spread and their bounds
EXPECTED = _Prior(np.array(np.log(0.1)), 0.0, -2.0, -6.0)
SPREAD = _Prior(np.array(2.0), 3.0, 3.0, 3.0)
LOWEST = _Prior(np.array(-9.0), -8.0, -12.0, -14.0)
HIGHEST = _Prior(np.array(2.0), 5.0, 3.0, 1.0)


def shapley(coalitions: Coalitions, scores: Array) -> tuple[Array, float]:
    """Shapley values of the words, which sum to the score with all less the score with none, and their error.

    Args:
        coalitions: shape (coalitions, words); the first keeps no word, the second all.
        scores: of each, shape (coalitions,).

    Returns:
        The values, shape (words,), and the standard deviation of a value (root mean square over the words), both in
        the unit of the scores.
    """
    n, scale = coalitions.shape[1], float(scores.std())
    if scale == 0:
        return np.zeros(n), 0.0
    kept, scaled = coalitions.astype(float), (scores - scores.mean()) / scale
    with threadpool_limits(1, user_api="blas"):  # over matrices so small, several threads mostly wait for one another
        prior = _fitted(kept, scaled)
    inverse = _inverted(_covariance(prior, kept))[0]
    effects = prior.product * _product_effects(kept, prior.rates) + prior.linear * 2 * (2 * kept - 1)
    values = scale * effects.T @ inverse @ scaled
    variances = _prior_variances(prior) - np.einsum("mj,mk,kj->j", effects, inverse, effects, optimize=True)
    values += (scores[1] - scores[0] - values.sum()) / n
    return values, scale * float(np.sqrt(variances.clip(0).mean()))


def _covariance(prior: _Prior, kept: Array) -> Array:
    """Of the scores of coalitions, shape (coalitions, coalitions)."""
    noise = (prior.noise + JITTER) * np.eye(len(kept))
    return prior.product * _products(kept, prior.rates) + prior.linear * _sums(kept) + noise


def _inverted(covariance: Array) -> tuple[Array, float]:
    """The inverse, and the logarithm of the determinant."""
    factor = cho_factor(covariance, lower=True)
    return cho_solve(factor, np.eye(len(covariance))), 2 * float(np.log(np.diag(factor[0])).sum())


def _products(kept: Array, rates: Array) -> Array:
    """exp(-rate) for each word that one of two coalitions keeps and the other does not, multiplied."""
    differing = (kept * rates) @ (1 - kept).T
    return np.asarray(np.exp(-differing - differing.T))


def _sums(kept: Array) -> Array:
    signs = 2 * kept - 1
    return np.asarray(1 + signs @ signs.T)


def _fitted(kept: Array, scaled: Array) -> _Prior:
    """The likeliest prior given some of the scores."""
    some = np.random.default_rng(0).permutation(len(kept))[:FITTED]
    n = kept.shape[1]
    expected, spread, lowest, highest = (_packed(prior, n) for prior in (EXPECTED, SPREAD, LOWEST, HIGHEST))

    def loss(logs: Array) -> tuple[float, Array]:
        value, gradient = _misfit(logs, kept[some], scaled[some])
        away = (logs - expected) / spread
        return value + 0.5 * float(away @ away), gradient + away / spread

    found = minimize(loss, expected, jac=True, method="L-BFGS-B", bounds=list(zip(lowest, highest, strict=True)))
    return _unpacked(np.exp(found.x))


def _misfit(logs: Array, kept: Array, scaled: Array) -> tuple[float, Array]:
    """The negative log-likelihood of the scores, a constant left out, and its gradient by the prior's logarithms."""
    prior = _unpacked(np.exp(logs))
    inverse, determinant = _inverted(_covariance(prior, kept))
    weights = inverse @ scaled
    value = 0.5 * (float(scaled @ weights) + determinant)
    by_entry = 0.5 * (inverse - np.outer(weights, weights))
    by_product = by_entry * prior.product * _products(kept, prior.rates)
    by_rates = -2 * prior.rates * (kept * (by_product @ (1 - kept))).sum(axis=0)
    by_linear = prior.linear * (by_entry * _sums(kept)).sum()
    return value, np.array([*by_rates, by_product.sum(), by_linear, prior.noise * np.trace(by_entry)])


def _product_effects(kept: Array, rates: Array) -> Array:
    """The Shapley values of the covariance with each coalition, its product part: shape (coalitions, words)."""
    forgotten = np.exp(-rates)
    with_word, without = np.where(kept, 1, forgotten), np.where(kept, forgotten, 1)
    chances, weights = _chances(len(rates))
    factors = chances[:, None, None] * with_word + (1 - chances[:, None, None]) * without
    others = factors.prod(axis=-1, keepdims=True) / factors
    return np.asarray((with_word - without) * np.einsum("q,qmn->mn", weights, others))


def _prior_variances(prior: _Prior) -> Array:
    """Of the Shapley values before any score is seen, shape (words,)."""
    forgotten = np.exp(-prior.rates)
    chances, weights = _chances(len(prior.rates))
    p, q = chances[:, None, None], chances[None, :, None]
    factors = p * q + (1 - p) * (1 - q) + forgotten * (p * (1 - q) + q * (1 - p))
    others = factors.prod(axis=-1, keepdims=True) / factors
    products = (2 - 2 * forgotten) * np.einsum("p,q,pqn->n", weights, weights, others)
    return np.asarray(prior.product * products + 4 * prior.linear)


def _chances(n: int) -> tuple[Array, Array]:
    """Nodes and weights of the integral over a word's chance to be kept, exact for polynomials of degree n."""
    nodes, weights = np.polynomial.legendre.leggauss(n // 2 + 1)
    return (nodes + 1) / 2, weights / 2


def _packed(prior: _Prior, n: int) -> Array:
    return np.array([*np.broadcast_to(prior.rates, n), *prior[1:]])


def _unpacked(numbers: Array) -> _Prior:
    return _Prior(numbers[:-3], *numbers[-3:].tolist())
