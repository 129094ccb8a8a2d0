"""direction: how far each word's hidden states lie along the refusal direction, and what that does to the score.

The representation-level evidence: one pass forward and one backward for all words, after Arditi et al. 2024 (arXiv
2406.11717).
"""

from eval.attribution.attribution import Case, Shares
from eval.target import Array


def direction(case: Case) -> Shares:
    """Nats along the refusal direction, to first order; 1 pass and 2 evaluations.

    The error is what the shares leave unexplained of the score with all words less the score with none: refusal that
    lies off the direction, or that is no straight line along it.

    Raises:
        ModelError: no direction is known for the model, or it gives no hidden states.
    """
    values, passes = along(case)
    return Shares(values, abs(case.at_stake - float(values.sum())), passes)


def along(case: Case) -> tuple[Array, int]:
    """The shares alone, shape (features,), and the passes that they took; no evaluation. Raises as `direction`."""
    from eval.refusal_direction import direction_shares, known_direction

    score = case.gradients()
    return direction_shares(score, known_direction(case.open[0])), score.passes
