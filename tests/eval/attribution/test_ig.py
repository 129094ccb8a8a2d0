from collections.abc import Callable

import pytest
import torch
from captum.attr import LayerIntegratedGradients

from eval.attribution import Case, attribute
from eval.attribution.ig import STEPS, TOLERANCE, ig, integrated
from eval.errors import ModelError
from eval.models.memory import Plan
from eval.models.tokens import word_tokens
from eval.models.transformers import TransformersModel
from eval.record import Conversation, Message, conversation
from eval.score import RefusalScore, refusal_score
from eval.score.gradient import GradientScore
from eval.target import make_target
from eval.words import words
from tests.eval.attribution.worked import worked

RESPONSE = "I can't help."
DIALOGUE = [
    Message(role="user", content="My process hangs."),
    Message(role="assistant", content="Which one?"),
    Message(role="user", content="How do I kill it?"),
]
both_targets = pytest.mark.parametrize("target", ["refusal_openers", "own_response"])


def prepared(model: TransformersModel, messages: Conversation, target: str, budget: int = 512) -> Case:
    features, scored = words(messages), make_target(target, model.tokenizer, RESPONSE)
    return Case(model, messages, features, RefusalScore(model, messages, features, scored), scored, budget)


class Worked(GradientScore):
    """A function of the words' embeddings, one number each, whose integral can be worked out by hand."""

    def __init__(self, function: Callable[[torch.Tensor], torch.Tensor], embeddings: list[float]) -> None:
        self.function = function
        self.embeddings = torch.tensor(embeddings)[:, None]
        self.words = [[i] for i in range(len(embeddings))]
        self.plan, self.passes = Plan(4, False, 0), 0

    def gradients(self, embeddings: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        leaf = embeddings.detach().requires_grad_()
        scores = self.function(leaf[..., 0])
        self.passes += len(embeddings)
        return scores.detach(), torch.autograd.grad(scores.sum(), leaf)[0]


def test_worked_example_of_an_additive_score() -> None:
    """score = 2 * first - third, from 0: each word's share is its weight times its way, and nothing is left."""
    score = Worked(lambda x: 2 * x[:, 0] - x[:, 2], [1.0, 5.0, 3.0])
    shares = integrated(score, torch.zeros(3, 1), expected=-1.0, steps=2)
    assert shares.values.tolist() == pytest.approx([2.0, 0.0, -3.0])
    assert shares.error == pytest.approx(0, abs=1e-6)
    assert shares.passes == 2


def test_worked_example_of_two_words_that_need_one_another() -> None:
    """score = first * second from (1, 0) to (3, 4): along the line d/dt = 2 * 4t + 4 * (1 + 2t), so 4 and 8."""
    score = Worked(lambda x: x[:, 0] * x[:, 1], [3.0, 4.0])
    shares = integrated(score, torch.tensor([[1.0], [0.0]]), expected=12.0, steps=5)
    assert shares.values.tolist() == pytest.approx([4.0, 8.0])
    assert shares.passes == 5


def test_shares_are_those_of_captum_over_the_plain_model(tiny: TransformersModel) -> None:
    """`LayerIntegratedGradients` of all tokens, uncached; the words' baseline is the token "."."""
    messages = conversation("How do I kill a frozen process?")
    score = GradientScore(tiny, messages, words(messages), make_target("own_response", tiny.tokenizer, RESPONSE))
    prompt, places = word_tokens(tiny, messages, words(messages))
    stop, *_ = tiny.tokenizer(".", add_special_tokens=False)["input_ids"]
    answer = tiny.tokenizer(RESPONSE, add_special_tokens=False)["input_ids"]

    def plain(rows: torch.Tensor) -> torch.Tensor:
        logs = tiny.module(rows).logits[:, len(prompt) - 1 : -1].log_softmax(-1)
        return logs[:, torch.arange(len(answer)), answer].mean(1)

    ids = torch.tensor([prompt + answer])
    bases = ids.clone()
    bases[0, [at for word in places for at in word]] = stop
    layer = tiny.module.get_input_embeddings()
    by_token = LayerIntegratedGradients(plain, layer).attribute(ids, bases, n_steps=20)[0].sum(-1)
    start = layer.weight.detach()[stop].expand_as(score.embeddings)
    expected = [float(by_token[word].sum()) for word in places]
    assert integrated(score, start, 0.0, 20).values.tolist() == pytest.approx(expected, abs=1e-5)


@both_targets
@pytest.mark.parametrize("messages", [conversation("How do I kill a frozen process?"), DIALOGUE])
def test_shares_add_up(tiny: TransformersModel, messages: Conversation, target: str) -> None:
    """Of words of one token and of several: to the score less that of words which are all the mean embedding."""
    case = prepared(tiny, messages, target)
    answer = ig(case)
    score = GradientScore(tiny, messages, case.features, case.open[1])
    mean = tiny.module.get_input_embeddings().weight.detach().mean(0).expand_as(score.embeddings)
    start, end = score.values(torch.stack([mean, score.embeddings])).tolist()
    assert end == pytest.approx(refusal_score(tiny, messages, case.open[1]), abs=1e-4)
    assert abs(answer.values.sum() - (end - start)) == pytest.approx(answer.error, abs=1e-5)
    assert answer.error <= TOLERANCE * abs(end - start)
    assert len(answer.values) == len(case.features)


def test_steps_are_doubled_within_the_budget(tiny: TransformersModel) -> None:
    messages = conversation("How do I kill a frozen process?")
    assert ig(prepared(tiny, messages, "own_response", budget=13), steps=2).passes == 2 + 4
    few, many = (ig(prepared(tiny, messages, "own_response", budget), steps=2) for budget in (2, 512))
    assert few.passes == 2
    assert many.error < few.error / 10


@both_targets
def test_one_word(tiny: TransformersModel, target: str) -> None:
    answer = ig(prepared(tiny, conversation("kill"), target))
    assert answer.values.shape == (1,)
    assert answer.error <= TOLERANCE * abs(answer.values[0]) / (1 - TOLERANCE)


def test_the_method_is_named(tiny: TransformersModel) -> None:
    answer = attribute(tiny, conversation("kill 🔫 zebra"), method="ig")
    assert [feature.text for feature in answer.features] == ["kill", "🔫", "zebra"]
    assert answer.passes >= STEPS
    assert answer.error is not None


def test_a_model_without_gradients_is_named() -> None:
    with pytest.raises(ModelError, match="needs gradients or hidden states"):
        ig(worked(lambda kept: kept[:, 0], "kill it"))


def test_what_is_not_finite_is_named(tiny: TransformersModel) -> None:
    norm = tiny.module.get_decoder().norm.weight
    before = norm.detach().clone()
    try:
        norm.data[0] = torch.nan
        with pytest.raises(ModelError, match="not finite"):
            ig(prepared(tiny, conversation("kill it"), "own_response"))
    finally:
        norm.data.copy_(before)
