"""How many floating-point operations a model's passes need, and how many a second its device does at its shapes."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn
from torch.utils.benchmark import Timer

from eval.models.forward import alike
from eval.models.protocol import OpenWeights
from eval.models.tokens import word_tokens
from eval.record import Conversation, Span
from eval.removal import Coalitions, rows
from eval.target import Target

RATE_S = 0.2  # of repetitions of each matrix product


class Load(NamedTuple):
    """Tokens run through a model, positions that they attend to in all, and positions where the head is read."""

    tokens: int
    attended: int
    read: int

    def __add__(self, other: object) -> "Load":
        """Both, one after the other."""
        return Load(*np.add(self, other).tolist()) if isinstance(other, Load) else NotImplemented


def forward_load(lengths: Sequence[tuple[int, int]], target: Target) -> Load:
    """What a target's tree behind prompts needs.

    Args:
        lengths: of each prompt, how many tokens it has and how many of them, its first, are in the cache.
        target: whose tree.
    """
    nodes = len(target.tokens)
    tree = sum(depth + 1 for depth in target.depths)
    return Load(
        sum(length - cached + nodes for length, cached in lengths),
        sum(_attended(cached, length) + nodes * length + tree for length, cached in lengths),
        len(lengths) * (1 + nodes),
    )


def score_load(
    model: OpenWeights, messages: Conversation, features: Sequence[Span], target: Target, coalitions: Coalitions
) -> Load:
    """What the refusal score has to run for distinct coalitions with the removal `delete`; padding is no work.

    The conversation as it is runs once, less its last token, and each coalition from its first token that differs.
    """
    whole = np.ones((1, len(features)), dtype=bool)
    trunk, *texts = (row.ids for row in rows("delete", model, messages, features, {}, [*whole, *coalitions]))
    trunk = trunk[:-1]
    lengths = [(len(ids), alike(ids[:-1], trunk)) for ids in texts]
    return Load(len(trunk), _attended(0, len(trunk)), 1) + forward_load(lengths, target)


def gradient_load(
    model: OpenWeights, messages: Conversation, features: Sequence[Span], target: Target, runs: int
) -> Load:
    """What so many rows need forward and backward, from the first word on; the tokens before it run once.

    Backward, the activations have gradients and the weights none: as much as forward, for attention twice as much.
    """
    ids, places = word_tokens(model, messages, features)
    first = min(at for word in places for at in word)
    forward = forward_load([(len(ids), first)] * runs, target)
    both = Load(2 * forward.tokens, 3 * forward.attended, 2 * forward.read)
    return Load(first, _attended(0, first), 1) + both


def operations(module: Any, load: Load) -> float:
    """Floating-point operations of a forward pass: matrix products, of which the others are about a hundredth.

    Two per weight of the decoder's layers and token, four per head dimension and attended position, two per weight of
    the head and position where it is read.
    """
    config = module.config.get_text_config()
    linear = sum(layer.weight.numel() for layer in module.get_decoder().modules() if isinstance(layer, nn.Linear))
    width = config.num_attention_heads * (
        getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    )
    head = module.get_output_embeddings().weight.numel()
    return float(2 * (linear * load.tokens + 2 * config.num_hidden_layers * width * load.attended + head * load.read))


@torch.inference_mode()
def matmul_rate(module: Any, tokens: int) -> float:
    """Floating-point operations a second in the matrix products of one of the model's layers, on its device.

    The shapes, weights and dtype are the model's own, the batch has `tokens` rows, the weights are warm in the caches;
    each product's best time of many counts.
    """
    layers = [layer for layer in module.get_decoder().layers[0].modules() if isinstance(layer, nn.Linear)]
    took = 0.0
    for layer in layers:
        given = {"layer": layer, "batch": torch.randn(tokens, layer.in_features).to(module.device, module.dtype)}
        timer = Timer("layer(batch)", globals=given, num_threads=torch.get_num_threads())
        took += min(timer.blocked_autorange(min_run_time=RATE_S).times)
    return float(2 * tokens * sum(layer.weight.numel() for layer in layers)) / took


def _attended(cached: int, length: int) -> int:
    """Positions that the tokens from `cached` to `length` attend to: each all before it, and itself."""
    return (length * (length + 1) - cached * (cached + 1)) // 2
