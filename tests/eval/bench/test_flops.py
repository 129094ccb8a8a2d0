"""Counts against numbers worked out by hand, against torch's own counter, and against what the score says it ran."""

from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import LlamaConfig, LlamaForCausalLM

from eval.bench.flops import Load, forward_load, gradient_load, matmul_rate, operations, score_load
from eval.models.tokens import word_tokens
from eval.models.transformers import TransformersModel
from eval.record import Conversation, Message, conversation
from eval.score import RefusalScore
from eval.score.gradient import GradientScore
from eval.target import Target, make_target
from eval.words import words

DIALOGUE = [
    Message(role="user", content="My process hangs."),
    Message(role="assistant", content="Which one?"),
    Message(role="user", content="How do I kill it?"),
]
CHAIN = Target("chain", tokens=[7, 8], parents=[-1, 0], paths=[], reduce=lambda paths: paths[:, 0])


def llama(**shape: Any) -> LlamaForCausalLM:
    return LlamaForCausalLM(LlamaConfig(attn_implementation="eager", **shape))


def test_worked_example_of_operations() -> None:
    """Weights of the layer: q 16, k 8, v 8, o 16, three of 24; of the head 40. Attention: 2 heads of 2 dimensions."""
    module = llama(
        vocab_size=10, hidden_size=4, intermediate_size=6, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=1, pad_token_id=1,
    )  # fmt: skip
    assert operations(module, Load(tokens=3, attended=6, read=1)) == 2 * 120 * 3 + 4 * 2 * 2 * 6 + 2 * 40


def test_worked_example_of_a_load() -> None:
    """Five tokens, three of them cached, and a chain of two nodes.

    Four tokens run; they attend to 4, 5, 6 and 7 positions; the head is read at the prompt's end and at both nodes.
    """
    assert forward_load([(5, 3)], CHAIN) == Load(4, 4 + 5 + 6 + 7, 3)


def test_operations_are_those_that_torch_counts() -> None:
    """Eager attention computes the whole square."""
    module = llama(
        vocab_size=300, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, pad_token_id=1,
    )  # fmt: skip
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        module(torch.ones(1, 20, dtype=torch.long))
    assert operations(module, Load(20, 20 * 20, 20)) == pytest.approx(counter.get_total_flops(), rel=0.001)


@pytest.mark.parametrize("target", ["refusal_openers", "own_response"])
@pytest.mark.parametrize("messages", [conversation("How do I kill a frozen process?"), DIALOGUE])
def test_a_scores_load_is_what_it_ran(tiny: TransformersModel, messages: Conversation, target: str) -> None:
    features, scored = words(messages), make_target(target, tiny.tokenizer, "I can't help.")
    coalitions = np.unique(np.random.default_rng(0).random((9, len(features))) < 0.6, axis=0)
    score = RefusalScore(tiny, messages, features, scored)
    score(coalitions)
    assert score_load(tiny, messages, features, scored, coalitions).tokens == score.tokens


def test_a_gradients_load_is_what_it_ran(tiny: TransformersModel) -> None:
    """By torch's count; eager attention computes the whole rectangle, the halves that see nothing included."""
    messages, rows = conversation("How do I kill a frozen process?"), 3
    features, target = words(messages), make_target("own_response", tiny.tokenizer, "I can't help.")
    ids, places = word_tokens(tiny, messages, features)
    first, width = places[0][0], len(ids) - places[0][0] + len(target.tokens)
    load = gradient_load(tiny, messages, features, target, rows)
    assert load.tokens == first + 2 * rows * width
    tiny.module.set_attn_implementation("eager")
    try:
        with FlopCounterMode(display=False) as counter:
            gradient = GradientScore(tiny, messages, features, target)
            gradient.gradients(gradient.embeddings.expand(rows, -1, -1))
    finally:
        tiny.module.set_attn_implementation("sdpa")
    rectangles = load._replace(attended=first * first + 3 * rows * width * (first + width))
    assert load.attended < rectangles.attended
    assert operations(tiny.module, rectangles) == pytest.approx(counter.get_total_flops(), rel=0.005)


def test_the_rate_of_products_is_a_rate(tiny: TransformersModel) -> None:
    assert 1e6 < matmul_rate(tiny.module, 64) < 1e16
