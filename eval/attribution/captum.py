"""captum's KernelShap and FeatureAblation over the batched score, for comparison: its sampling, our evaluations."""

from collections.abc import Callable
from typing import Any

import numpy as np

from eval.attribution.attribution import Case, Shares
from eval.errors import InputError
from eval.target import Array

LEAST_BUDGET = 3


def feature_ablation(case: Case) -> Shares:
    """Nats lost without each word, by captum's `FeatureAblation`; words + 2 evaluations, no randomness.

    The error is what the shares leave unexplained: how far their sum is from the score with all words less the score
    with none.
    """
    import torch
    from captum.attr import FeatureAblation

    n = len(case.features)
    whole, nothing = _ends(case)
    kept = torch.ones(1, n, dtype=torch.float64)
    shares = FeatureAblation(_forward(case)).attribute(kept, perturbations_per_eval=n)[0].numpy()
    return Shares(shares, abs(whole - nothing - float(shares.sum())))


def kernel_shap(case: Case) -> Shares:
    """Shapley values by captum's `KernelShap` (Lundberg and Lee 2017, arXiv 1705.07874); up to `budget` evaluations.

    It draws coalitions with replacement, so equal ones are drawn again, and computed once: the more often, the fewer
    words there are. The error is the standard error of a share (root mean square over the words), from the scatter of
    the scores about the fitted line; NaN where there are no more coalitions than words.

    Raises:
        InputError: the budget is below `LEAST_BUDGET`: all words, none, and some.
    """
    import torch
    from captum.attr import KernelShap

    if case.budget < LEAST_BUDGET:
        raise InputError(f"kernel_shap needs a budget of at least {LEAST_BUDGET} evaluations, not {case.budget}")
    n = len(case.features)
    whole, nothing = _ends(case)
    if n == 1:  # captum has no coalition to draw
        return Shares(np.array([whole - nothing]), 0.0)
    drawn: list[Array] = []
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(case.seed)
        shares = KernelShap(_forward(case, drawn)).attribute(
            torch.ones(1, n), n_samples=case.budget, perturbations_per_eval=case.budget
        )
    values = shares[0].double().numpy()
    return Shares(values, _standard_error(np.concatenate(drawn)[2:], values, nothing))


def _ends(case: Case) -> tuple[float, float]:
    """The scores with all words and with none."""
    ends = np.stack([np.ones(len(case.features), dtype=bool), np.zeros(len(case.features), dtype=bool)])
    whole, nothing = case.score(ends)
    return float(whole), float(nothing)


def _forward(case: Case, drawn: list[Array] | None = None) -> Callable[[Any], Any]:
    """The score as captum's forward function: from words kept (1) or not (0), shape (rows, words), to (rows,)."""
    import torch

    def forward(kept: Any) -> Any:
        rows = kept.numpy() > 0.5
        scores = case.score(rows)
        if drawn is not None:
            drawn.append(np.column_stack([rows, scores]))
        return torch.from_numpy(scores)

    return forward


def _standard_error(drawn: Array, shares: Array, nothing: float) -> float:
    """That of the regression with the sum of the shares fixed, whatever the scatter (White 1980, doi 10.2307/1912934).

    Args:
        drawn: coalitions and their scores, shape (coalitions, words + 1).
        shares: of the words, shape (words,).
        nothing: the score without any word.
    """
    rows, scores = drawn[:, :-1], drawn[:, -1]
    if len(rows) <= len(shares):
        return float("nan")
    residuals = scores - nothing - rows @ shares
    solved = np.linalg.pinv(rows - rows.mean(axis=1, keepdims=True))
    variances = (solved**2 @ residuals**2) * len(rows) / (len(rows) - len(shares) + 1)
    return float(np.sqrt(variances.mean()))
