"""Steering against attention worked out by hand, and against running the model without steering."""

import math

import pytest
import torch
from transformers import AttentionInterface, AttentionMaskInterface

from eval.errors import ModelError
from eval.mitigation.steer import attention_divided, steered
from eval.models.transformers import TransformersModel
from eval.record import Message, conversation
from eval.words import find

SHORT = conversation("kill it")
LONG = conversation("How do I kill a frozen process that hangs and hangs?")


def last_logits(model: TransformersModel, texts: list[str]) -> torch.Tensor:
    inputs = model.tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False)
    with torch.inference_mode():
        return torch.as_tensor(model.module(**inputs).logits[:, -1])


def test_the_softmax_is_renormalised_after_log_alpha_is_added(tiny: TransformersModel) -> None:
    """One query, three keys, worked by hand: weights are exp(q.k) * (alpha at the steered key) / their sum."""
    from eval.mitigation.steer import _steered_attention

    query = torch.tensor([1.0, 0.0]).view(1, 1, 1, 2)
    key = torch.tensor([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]]).view(1, 1, 3, 2)
    value = torch.eye(3).view(1, 1, 3, 3)
    attention = _steered_attention(torch.tensor([[False, True]]), math.log(0.1))  # the third key came later
    mask = torch.ones(1, 1, 1, 3, dtype=torch.bool)
    output, _ = attention(tiny.module, query, key, value, mask, scaling=1.0, is_causal=False)
    raw = torch.tensor([1.0, 0.1 * math.e, math.e**2])
    assert output.flatten() == pytest.approx((raw / raw.sum()).tolist(), abs=1e-5)


def test_alpha_one_changes_nothing(tiny: TransformersModel) -> None:
    texts = [tiny.render(SHORT), tiny.render(LONG)]
    before = last_logits(tiny, texts)
    with steered(tiny, [SHORT, LONG], [find(SHORT, "kill"), find(LONG, "kill")], alpha=1.0):
        assert torch.allclose(last_logits(tiny, texts), before, atol=1e-5)


def test_alpha_near_zero_is_the_same_as_masking_the_word(tiny: TransformersModel) -> None:
    text = tiny.render(LONG)
    encoded = tiny.tokenizer(text, return_tensors="pt", add_special_tokens=False, return_offsets_mapping=True)
    at = text.index("kill")
    hidden = [i for i, (a, b) in enumerate(encoded["offset_mapping"][0].tolist()) if a < at + 4 and b > at]
    length = encoded["input_ids"].shape[1]
    mask = torch.ones(length, length, dtype=torch.bool).tril()
    mask[:, hidden] = False
    mask[hidden, 0] = True  # the word's own rows are not read later, but must attend to something
    with torch.inference_mode():
        masked = tiny.module(encoded["input_ids"], attention_mask=mask[None, None]).logits[0, -1]
    with steered(tiny, [LONG], [find(LONG, "kill")], alpha=1e-30):
        assert torch.allclose(last_logits(tiny, [text])[0], masked, atol=1e-3)


def test_batch_padding_and_cache_do_not_change_a_row(tiny: TransformersModel) -> None:
    def answer(conversations: list[list[Message]]) -> list[str]:
        spans = [find(messages, "kill") for messages in conversations]
        with steered(tiny, conversations, spans, alpha=0.01):
            return [reply.text for reply in tiny.generate(conversations, 12)]

    alone = [answer([SHORT])[0], answer([LONG])[0]]
    assert answer([SHORT, LONG]) == alone
    assert alone[1] != tiny.generate([LONG], 12)[0].text, "steering a random model must change its text"


def test_generation_with_cache_equals_one_pass_without(tiny: TransformersModel) -> None:
    with steered(tiny, [LONG], [find(LONG, "kill")], alpha=0.01):
        prompt = tiny.tokenizer(tiny.render(LONG), return_tensors="pt", add_special_tokens=False)
        with torch.inference_mode():
            ids = tiny.module.generate(**prompt, max_new_tokens=6, do_sample=False)
            logits = tiny.module(ids[:, :-1]).logits[0]
        start = prompt["input_ids"].shape[1]
        assert logits[start - 1 :].argmax(-1).tolist() == ids[0, start:].tolist()


@pytest.mark.parametrize("error", [None, RuntimeError("broken"), KeyboardInterrupt()])
def test_the_model_is_restored_whatever_happens(tiny: TransformersModel, error: BaseException | None) -> None:
    text = [tiny.render(LONG)]
    before = last_logits(tiny, text)
    tables = (dict(AttentionInterface._global_mapping), dict(AttentionMaskInterface._global_mapping))
    try:
        with steered(tiny, [LONG], [find(LONG, "kill")], alpha=0.01):
            assert not torch.allclose(last_logits(tiny, text), before, atol=1e-4)
            if error:
                raise error
    except (RuntimeError, KeyboardInterrupt):
        pass
    assert tiny.module.config._attn_implementation == "sdpa"
    assert torch.equal(last_logits(tiny, text), before)
    assert (dict(AttentionInterface._global_mapping), dict(AttentionMaskInterface._global_mapping)) == tables


@pytest.mark.parametrize("alpha", [0.0, -1.0, 1.5])
def test_alpha_outside_of_its_range_is_named(tiny: TransformersModel, alpha: float) -> None:
    with (
        pytest.raises(ValueError, match="alpha is"),
        attention_divided(tiny.module, torch.zeros(1, 1, dtype=torch.bool), alpha),
    ):
        pass


def test_a_model_without_sdpa_is_not_steered_silently(tiny: TransformersModel) -> None:
    tiny.module.set_attn_implementation("eager")
    try:
        with pytest.raises(ModelError, match="sdpa attention only"), steered(tiny, [LONG], [find(LONG, "kill")]):
            pass
    finally:
        tiny.module.set_attn_implementation("sdpa")
