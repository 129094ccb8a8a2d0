"""ig: integrated gradients of the words' embeddings (Sundararajan, Taly, Yan 2017, arXiv 1703.01365).

The embeddings of the word tokens go in a straight line from a baseline to what they are; a word's share is the score's
gradient along that line, integrated, summed over its tokens and their dimensions. Tokens of the template, between
words and of the target stay as they are.

It is captum's `IntegratedGradients` over the tensor of word embeddings, not `LayerIntegratedGradients` over the
embedding layer: the latter runs whole token rows through the layer, so that nothing before the first word could be
cached, takes the gradient of all tokens, and knows only baselines that are tokens.
"""

from typing import TYPE_CHECKING

from eval.attribution.attribution import Case, Shares

if TYPE_CHECKING:
    import torch

    from eval.score.gradient import GradientScore

STEPS = 16
TOLERANCE = 0.05  # of the difference that the shares should add up to


def ig(case: Case, steps: int = STEPS) -> Shares:
    """Nats of each word's embedding on the way from the baseline; as many passes as steps, no randomness.

    The error is what completeness leaves: how far the shares' sum is from the score as it is less the score at the
    baseline. While it is above 5 % of that difference the steps are doubled, within the budget of the case.

    Args:
        case: what is explained.
        steps: to begin with.

    Raises:
        ModelError: the model gives no gradients, or none that are finite.
    """
    import torch

    score = case.gradients()
    start = baseline(score, case.open[0].module.get_input_embeddings().weight)
    ends = score.values(torch.stack([start, score.embeddings]))
    expected = float(ends[1] - ends[0])
    steps = min(steps, case.budget)
    while True:
        answer = integrated(score, start, expected, steps)
        steps *= 2
        if answer.error <= TOLERANCE * abs(expected) or answer.passes + steps > case.budget:
            return answer


def integrated(score: "GradientScore", start: "torch.Tensor", expected: float, steps: int) -> Shares:
    """The words' shares by Gauss-Legendre quadrature of so many steps.

    Args:
        score: of the conversation.
        start: the baseline, shape (word tokens, hidden size).
        expected: nats that the shares should add up to.
        steps: points on the line.
    """
    from captum.attr import IntegratedGradients

    method = IntegratedGradients(score)
    method.gradient_func = lambda inputs, **_: (score.gradients(inputs[0])[1],)  # finite, frozen, halved where needed
    parts = method.attribute(score.embeddings[None], start[None], n_steps=steps, internal_batch_size=score.plan.rows)
    values = score.by_word(parts[0].sum(-1))
    return Shares(values, abs(float(values.sum()) - expected), score.passes)


def baseline(score: "GradientScore", vocabulary: "torch.Tensor") -> "torch.Tensor":
    """The mean of the vocabulary's embeddings in place of each word token, shape (word tokens, hidden size)."""
    import torch

    return vocabulary.detach().mean(0, dtype=torch.float32).to(vocabulary.dtype).expand_as(score.embeddings)
