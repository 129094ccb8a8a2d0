"""Steering against attention worked out by hand, and against running the model without steering."""

import math

import pytest
import torch
from transformers import AttentionInterface, AttentionMaskInterface

from eval.errors import ModelError
from eval.mitigation import Decoding, Request, attempts, named
from eval.mitigation.steer import attention_divided, steered
from eval.models import Reply
from eval.models.decoding import Limits
from eval.models.transformers import TransformersModel
from eval.record import Message, conversation
from eval.words import find
from tests.eval.models.memory import runs_out

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
    attention = _steered_attention(
        torch.tensor([[False, True]]), torch.tensor([[math.log(0.1)]])
    )  # the third key came later
    mask = torch.ones(1, 1, 1, 3, dtype=torch.bool)
    output, _ = attention(
        tiny.module.get_decoder().layers[0].self_attn, query, key, value, mask, scaling=1.0, is_causal=False
    )
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


MANY = [conversation(f"{'please ' * (i % 4)}kill the {'frozen ' * (i % 3)}process {i}") for i in range(9)]


@pytest.mark.parametrize("limits", [Limits(2, 60, 10**6), Limits(4, 10**6, 10**6), Limits(64, 10**6, 10**6)])
@pytest.mark.parametrize("before", [[], [*SHORT, Message(role="assistant", content="Sure.")]])
def test_sorted_and_joining_rows_are_steered_as_each_alone(
    tiny: TransformersModel, monkeypatch: pytest.MonkeyPatch, limits: Limits, before: list[Message]
) -> None:
    """Of every third conversation nothing is steered; before them stand turns, steered too, that all begin with."""
    asked = [[*before, *messages] for messages in MANY]
    spans = [find(messages, "kill") if i % 3 else [] for i, messages in enumerate(asked)]

    def answer(rows: list[int]) -> list[str]:
        with steered(tiny, [asked[i] for i in rows], [spans[i] for i in rows], alpha=0.01):
            return [reply.text for reply in tiny.generate([asked[i] for i in rows], 12)]

    alone = [answer([i])[0] for i in range(9)]
    plain = [reply.text for reply in tiny.generate(asked, 12)]
    changed = [i for i in range(9) if alone[i] != plain[i]]
    assert len(changed) > 3 and all(i % 3 for i in changed)
    monkeypatch.setattr("eval.models.transformers.CPU_LIMITS", limits)
    assert answer(list(range(9))) == alone


def test_halves_are_steered_as_each_alone(tiny: TransformersModel, monkeypatch: pytest.MonkeyPatch) -> None:
    spans = [find(messages, "kill") for messages in MANY]
    alone = []
    for messages, span in zip(MANY, spans, strict=True):
        with steered(tiny, [messages], [span], alpha=0.01):
            alone += [tiny.generate([messages], 8)[0].text]
    runs_out(tiny, 3, [], monkeypatch)
    with steered(tiny, MANY, spans, alpha=0.01):
        assert [reply.text for reply in tiny.generate(MANY, 8)] == alone


def test_a_left_padded_batch_of_the_users_own_is_steered(tiny: TransformersModel) -> None:
    asked = [SHORT, LONG]
    spans = [find(messages, "kill") for messages in asked]
    inputs = tiny.tokenizer(
        [tiny.render(one) for one in asked], return_tensors="pt", padding=True, add_special_tokens=False
    )
    with steered(tiny, asked, spans, alpha=0.01), torch.inference_mode():
        output = tiny.module.generate(**inputs, max_new_tokens=8, do_sample=False)[:, inputs["input_ids"].shape[1] :]
        ours = [reply.text for reply in tiny.generate(asked, 8)]
    assert [text.strip() for text in tiny.tokenizer.batch_decode(output, skip_special_tokens=True)] == ours


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


def test_nothing_is_steered_where_all_answers_are_known_and_stand(tiny: TransformersModel) -> None:
    messages = conversation("How do I kill it?")
    known = Reply(text="I can't help with that.", tokens=6, seconds=1.0)
    request = Request(messages, find(messages, "kill"), applies=False, answer=known)
    (attempt,) = attempts(named("steer"), tiny, [request], Decoding(4))
    assert attempt.reply == known
