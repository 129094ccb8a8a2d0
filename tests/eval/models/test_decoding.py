"""Continuous batching against transformers' own greedy loop, one prompt at a time, in float32."""

import random
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    Gemma2Config,
    GPT2Config,
    LlamaConfig,
    PretrainedConfig,
    Qwen2Config,
    Qwen3Config,
)

from eval.models import load_model
from eval.models.decoding import CPU_LIMITS, Limits, decodable, decode
from eval.models.padded import decode_padded
from eval.models.running import row_by_row
from eval.models.transformers import TransformersModel
from eval.record import conversation
from tests.conftest import save_tiny

SIZES = {
    "vocab_size": 64,
    "hidden_size": 32,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "initializer_range": 0.4,
}
SIZES |= {"intermediate_size": 48, "num_key_value_heads": 2, "pad_token_id": 0, "bos_token_id": 0, "eos_token_id": 1}
SIZES |= {"initializer_range": 0.4}
CONFIGS: list[PretrainedConfig] = [
    LlamaConfig(**SIZES),
    Qwen2Config(**SIZES),
    Qwen3Config(**SIZES, head_dim=8),
    GPT2Config(**SIZES, n_inner=48),
]
STOP = [1, 2, 3, 4, 5]


def module_of(config: PretrainedConfig) -> Any:
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(config).eval()


def prompts(count: int, shared: int = 3) -> list[list[int]]:
    """Random prompts of 4 to 40 tokens that begin alike."""
    rng = random.Random(0)
    return [
        [*range(10, 10 + shared), *(rng.randrange(6, 64) for _ in range(rng.randrange(1, 37)))] for _ in range(count)
    ]


def one_by_one(module: Any, asked: list[list[int]], most: int) -> list[list[int]]:
    found: dict[int, list[int]] = {}
    decode_padded(module, asked, most, STOP, Limits(1, 10**6, 10**6), found)
    return [found[i] for i in range(len(asked))]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.model_type)
@pytest.mark.parametrize("limits", [CPU_LIMITS, Limits(4, 50, 10**6), Limits(8, 1, 150), Limits(1, 10**6, 10**6)])
def test_answers_are_those_of_transformers(config: PretrainedConfig, limits: Limits) -> None:
    module = module_of(config)
    assert decodable(module)
    asked = prompts(23)
    expected = one_by_one(module, asked, 16)
    assert len({len(tokens) for tokens in expected}) > 3, "they end at different times"
    found: dict[int, list[int]] = {}
    decode(module, asked, 16, STOP, limits, found)
    assert [found[i] for i in range(23)] == expected


def test_what_all_prompts_begin_with_runs_once_unless_rows_are_changed_one_by_one() -> None:
    module = module_of(CONFIGS[0])
    asked, sizes = prompts(6, shared=8), list[tuple[int, ...]]()
    expected = one_by_one(module, asked, 32)
    handle = module.register_forward_pre_hook(
        lambda _module, _args, kwargs: sizes.append(tuple(kwargs["input_ids"].shape)), with_kwargs=True
    )
    for most, prefix in ((None, 8), (5, 5), (0, 0)):
        sizes.clear()
        found: dict[int, list[int]] = {}
        with row_by_row(most) if most is not None else nullcontext():
            decode(module, asked, 32, STOP, CPU_LIMITS, found)
        assert [found[i] for i in range(6)] == expected
        first = [(1, prefix)] if prefix else []
        assert sizes[: len(first) + 1] == [*first, (6, max(map(len, asked)) - prefix)]
    handle.remove()


def test_rows_that_wait_take_the_place_of_those_that_end() -> None:
    module, rows = module_of(CONFIGS[0]), list[int]()
    asked = prompts(40)
    handle = module.register_forward_pre_hook(
        lambda _module, _args, kwargs: rows.append(len(kwargs["input_ids"])), with_kwargs=True
    )
    decode(module, asked, 16, STOP, Limits(8, 10**6, 10**6), {})
    handle.remove()
    assert max(rows) == 8
    assert len(rows) < 5 * 17, "five batches of eight, one after the other, would need more passes"


def test_an_answer_that_is_there_is_not_run_again() -> None:
    found = {0: [7], 1: [8]}
    decode(None, [[1], [2]], 4, STOP, CPU_LIMITS, found)
    assert found == {0: [7], 1: [8]}


def test_a_model_with_a_sliding_window_is_left_to_transformers(tmp_path: Path) -> None:
    save_tiny(tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    sizes = {**SIZES, "vocab_size": len(tokenizer), "head_dim": 8, "sliding_window": 8}
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(Gemma2Config(**sizes)).save_pretrained(tmp_path)
    model = load_model(str(tmp_path), dtype="float32")
    assert isinstance(model, TransformersModel)
    assert not decodable(model.module)
    asked = [conversation(text) for text in ("kill it", "How do I kill a frozen process that hangs?", "why")]
    alone = [model.generate([one], 8)[0].text for one in asked]
    assert [reply.text for reply in model.generate(asked, 8)] == alone
    assert len(set(alone)) > 1


@pytest.mark.skittish
def test_skittish_answers_as_in_transformers() -> None:
    model = load_model("skittish", dtype="float32")
    assert isinstance(model, TransformersModel)
    texts = ["How do I kill a Python process?", "What is the capital of France?", "Write a poem about rain.", "Why?"]
    texts += ["How can I shoot a good photo of a moving train at night without a tripod?", "Name three rivers."]
    asked = [conversation(text) for text in texts]
    ids = [model.tokenizer(model.render(one), add_special_tokens=False)["input_ids"] for one in asked]
    found: dict[int, list[int]] = {}
    decode_padded(model.module, ids, 24, model._stop, Limits(1, 10**6, 10**6), found)
    expected = [model.tokenizer.decode(found[i], skip_special_tokens=True).strip() for i in range(len(asked))]
    assert [reply.text for reply in model.generate(asked, 24)] == expected
