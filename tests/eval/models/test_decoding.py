"""Continuous batching against transformers' own greedy loop, one prompt at a time, in float32."""

import random

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    Gemma2Config,
    GPT2Config,
    LlamaConfig,
    PretrainedConfig,
    Qwen2Config,
    Qwen3Config,
)

from eval.load import load_records
from eval.models import load_model
from eval.models.decoding import CPU_LIMITS, Limits, decodable, decode
from eval.models.padded import decode_padded
from eval.models.transformers import TransformersModel

SIZES = {"vocab_size": 64, "hidden_size": 32, "num_attention_heads": 4, "num_hidden_layers": 2, "initializer_range": 0.4}
SIZES |= {"intermediate_size": 48, "num_key_value_heads": 2, "pad_token_id": 0, "bos_token_id": 0, "eos_token_id": 1}
CONFIGS: list[PretrainedConfig] = [
    LlamaConfig(**SIZES),
    Qwen2Config(**SIZES),
    Qwen3Config(**SIZES, head_dim=8),
    GPT2Config(**SIZES, n_inner=48),
]
STOP = [1, 2, 3, 4, 5]


def module_of(config: PretrainedConfig) -> object:
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(config).eval()


def prompts(count: int, shared: int = 3) -> list[list[int]]:
    """Random prompts of 4 to 40 tokens that begin alike."""
    rng = random.Random(0)
    return [[*range(10, 10 + shared), *(rng.randrange(6, 64) for _ in range(rng.randrange(1, 37)))] for _ in range(count)]


def one_by_one(module: object, asked: list[list[int]], most: int) -> list[list[int]]:
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
