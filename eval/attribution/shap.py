"""shap: Shapley values of the words, which share out what the score loses without any of them (Shapley 1953).

Coalitions are those of `shap.KernelExplainer` (Lundberg and Lee 2017, arXiv 1705.07874): pairs of opposites, each
asked once, small and large ones first. Where they are all there are, its regression is exact. Where they are not, a
Gaussian process reads more from the same scores than a straight line does: see `eval.attribution.surrogate`, and
`eval.bench.shapley` for how much.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from eval.attribution.attribution import Case, Shares
from eval.attribution.surrogate import shapley
from eval.errors import InputError
from eval.removal import Coalitions
from eval.target import Array
from eval.words import words

EXACT_WORDS = 10
LEAST_BUDGET = 4


def shap(case: Case) -> Shares:
    """Exact where the budget is enough for all 2 ** words coalitions, and over prompts of up to ten words in any case.

    Unless an evaluation is a call of a model behind an endpoint: then the budget alone decides. Otherwise sampled,
    within the budget. The shares add up to the score with all words less the score with none. Exact shares have the
    error 0; for the error of the others see `sampled`.

    Raises:
        InputError: the budget is below `LEAST_BUDGET`, and not enough for all coalitions.
    """
    n = len(case.features)
    short = case.target is not None and len(words(case.messages)) <= EXACT_WORDS
    if short or 2**n <= case.budget:
        return Shares(kernel_explainer(case, 2**n)[0], 0.0)
    return sampled(case)


def sampled(case: Case) -> Shares:
    """At most `budget` evaluations, whatever the number of words.

    The error is the standard deviation of a share (root mean square over the words) given the scores that were asked.

    Raises:
        InputError: the budget is below `LEAST_BUDGET`.
    """
    if case.budget < LEAST_BUDGET:
        raise InputError(f"shap needs a budget of at least {LEAST_BUDGET} evaluations, not {case.budget}")
    coalitions = kernel_explainer(case, case.budget)[1]
    return Shares(*shapley(coalitions, case.score(coalitions)))


def kernel_explainer(case: Case, evaluations: int, l1_reg: str | int = 0) -> tuple[Array, Coalitions]:
    """The shares of shap's KernelExplainer, and the distinct coalitions that it asked: none, all, then the others.

    Args:
        case: what is explained.
        evaluations: at most so many, at least 4; 2 ** words of them make the shares exact.
        l1_reg: how it leaves out words of little effect; 0 keeps all.
    """
    n = len(case.features)
    asked = [np.array([[False] * n, [True] * n])]
    case.score(asked[0])

    def score(kept: Array) -> Array:
        asked.append(kept > 0.5)
        return case.score(asked[-1])

    with quiet(), numpy_seed(case.seed):
        from shap import KernelExplainer

        explainer = KernelExplainer(score, np.zeros((1, n)))
        shares = explainer.shap_values(np.ones((1, n)), nsamples=evaluations - 2, l1_reg=l1_reg, silent=True)[0]
    return shares, np.concatenate([asked[0], *asked[3:]])  # it asks for none and for all first, one by one


@contextmanager
def quiet() -> Iterator[None]:
    """Without what importing the package warns of, and that few coalitions leave its regression open.

    Its shares are not used then.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def numpy_seed(seed: int) -> Iterator[None]:
    """The package draws from numpy's global generator, which is left as it was."""
    state = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(state)
