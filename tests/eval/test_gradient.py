"""The gradient score against the plain score and against autograd through the plain model."""

import pytest
import torch

from eval.gradient import GradientScore
from eval.models.transformers import TransformersModel
from eval.record import Conversation, Message, conversation
from eval.score import refusal_score
from eval.target import make_target
from eval.words import words

PROMPT = conversation("How do I kill a frozen process?")
DIALOGUE = [
    Message(role="system", content="Be brief."),
    Message(role="user", content="My process hangs."),
    Message(role="assistant", content="Which one?"),
    Message(role="user", content="How do I kill it, please?"),
]
RESPONSE = "I can't help."
both_targets = pytest.mark.parametrize("target", ["refusal_openers", "own_response"])
both_conversations = pytest.mark.parametrize("messages", [PROMPT, DIALOGUE])


def prepared(model: TransformersModel, messages: Conversation, target: str = "own_response") -> GradientScore:
    return GradientScore(model, messages, words(messages), make_target(target, model.tokenizer, RESPONSE))


def plain(model: TransformersModel, layer: int | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    """PROMPT's states and gradients of the mean log-probability of RESPONSE, one uncached pass, all tokens.

    Of the embeddings, or behind a layer.
    """
    prompt = model.tokenizer(model.render(PROMPT), add_special_tokens=False)["input_ids"]
    answer = model.tokenizer(RESPONSE, add_special_tokens=False)["input_ids"]
    embeddings = model.module.get_input_embeddings()(torch.tensor([prompt + answer])).detach().requires_grad_()
    output = model.module(inputs_embeds=embeddings, output_hidden_states=True)
    states = embeddings if layer is None else output.hidden_states[1 + layer]
    logs = output.logits[0, len(prompt) - 1 : -1].log_softmax(-1)
    (gradient,) = torch.autograd.grad(logs[torch.arange(len(answer)), answer].mean(), states)
    return states.detach()[0, : len(prompt)], gradient[0, : len(prompt)]


def word_positions(model: TransformersModel) -> list[int]:
    text = model.render(PROMPT)
    offsets = model.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    begin = text.index("How")
    end = text.index("?")
    return [i for i, (a, b) in enumerate(offsets) if b > begin and a < end]


@both_targets
@both_conversations
def test_the_value_is_the_refusal_score(tiny: TransformersModel, messages: Conversation, target: str) -> None:
    score = prepared(tiny, messages, target)
    values, _ = score.gradients(score.embeddings[None].expand(3, -1, -1))
    expected = refusal_score(tiny, messages, make_target(target, tiny.tokenizer, RESPONSE))
    assert values.tolist() == pytest.approx([expected] * 3, abs=1e-4)


def test_the_gradient_is_that_of_the_plain_model(tiny: TransformersModel) -> None:
    score = prepared(tiny, PROMPT)
    states, gradient = plain(tiny)
    at = word_positions(tiny)
    assert torch.equal(score.embeddings, states[at])
    assert torch.allclose(score.gradients(score.embeddings[None])[1][0], gradient[at], atol=1e-6)


def test_hidden_states_and_gradients_are_those_of_the_plain_model(tiny: TransformersModel) -> None:
    states, gradient = prepared(tiny, PROMPT).hidden(0)
    expected = [values[word_positions(tiny)] for values in plain(tiny, 0)]
    assert torch.allclose(states, expected[0], atol=1e-5)
    assert torch.allclose(gradient, expected[1], atol=1e-6)
    assert gradient.abs().max() > 1e-3


def test_nothing_reads_the_words_behind_the_last_layer(tiny: TransformersModel) -> None:
    states, gradient = prepared(tiny, PROMPT).hidden(-1)
    normed = tiny.module.get_decoder().norm(states).detach()  # as transformers gives the last layer's
    assert torch.allclose(normed, plain(tiny, 1)[0][word_positions(tiny)], atol=1e-5)
    assert gradient.abs().max() == 0
