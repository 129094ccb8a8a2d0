"""What fits: how much memory weights and passes need, how much is free, and how to need less.

The activations of a layer that a backward pass reads grow with tokens and layers. They are kept where they fit, for
fewer rows at once where they do not, and are computed again in the backward pass, layer by layer, where not even those
of one row do (Chen et al. 2016, arXiv 1604.06174).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import psutil
import torch
from torch.utils.checkpoint import checkpoint

from eval.models.protocol import OpenWeights

TOKEN_BUDGET = 512  # rows times tokens of one batch on the CPU: activations of more leave its caches
CUDA_TOKEN_BUDGET = 16384
LEFT = 0.5  # of the free memory; allocators waste some, and the estimate is one


class Plan(NamedTuple):
    """How many rows run at once, whether layers are computed again, and about how many bytes that needs."""

    rows: int
    recompute: bool
    bytes: int


def plan(module: Any, tokens: int, cached: int, read: int) -> Plan:
    """How to run rows forward and backward with what is free now.

    Args:
        module: a causal language model, its weights without gradients.
        tokens: positions of a row.
        cached: positions before them, whose keys and values are there already.
        read: positions of a row whose logits are read.
    """
    cuda = module.device.type == "cuda"
    most = max(1, (CUDA_TOKEN_BUDGET if cuda else TOKEN_BUDGET) // tokens)
    room = int(LEFT * free_bytes(module.device))
    kept, again = (row_bytes(module, tokens, cached, read, recompute) for recompute in (False, True))
    recompute = kept > room
    need = again if recompute else kept
    rows = max(1, min(most, room // need))
    return Plan(rows, recompute, rows * need)


def row_bytes(module: Any, tokens: int, cached: int, read: int, recompute: bool) -> int:
    """About how many bytes one row needs until its backward pass is done; arguments as for `plan`.

    Counted for the layers of Llama and its like: what autograd keeps of two RMS norms (in float32), of attention
    (query, output, repeated keys and values; its weights too, if eager) and of the gated feed-forward; then what one
    layer's and the output head's backward passes work in.
    """
    config = module.config.get_text_config()
    size = torch.finfo(module.dtype).bits // 8
    heads, layers = config.num_attention_heads, config.num_hidden_layers
    hidden, inner = config.hidden_size, getattr(config, "intermediate_size", None) or 4 * config.hidden_size
    attention = heads * (getattr(config, "head_dim", None) or hidden // heads)
    layer = tokens * (2 * 4 * hidden + (2 * attention + 3 * inner) * size)
    layer += (tokens + cached) * 2 * attention * size
    if config._attn_implementation == "eager":
        layer += heads * tokens * (tokens + cached) * (4 + 2 * size)
    kept = layers * tokens * hidden * size + layer if recompute else layers * layer
    logits = read * config.vocab_size * (3 * 4 + size)
    return int(kept + 3 * tokens * inner * size + logits)


def free_bytes(device: torch.device) -> int:
    """Memory that can be had on the device."""
    return int(torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else psutil.virtual_memory().available)


def out_of_memory(error: RuntimeError) -> bool:
    """Whether it says that memory ran out; on the CPU torch has no class of its own for it."""
    return isinstance(error, torch.OutOfMemoryError) or "allocate" in str(error)


@contextmanager
def recomputed(layers: Sequence[Any]) -> Iterator[None]:
    """While open, each layer keeps only its input and runs once more in the backward pass, which must be inside.

    transformers' own switch would need the model in training mode, and drops the KV cache.
    """
    before = [layer.__dict__.get("forward") for layer in layers]
    for layer in layers:
        layer.forward = partial(checkpoint, layer.forward, use_reentrant=False, preserve_rng_state=False)
    try:
        yield
    finally:
        for layer, forward in zip(layers, before, strict=True):
            del layer.forward
            if forward is not None:
                layer.forward = forward


def weights_bytes(model: OpenWeights) -> int:
    """Of all parameters."""
    return int(sum(parameter.numel() for parameter in model.module.parameters()) * model.module.dtype.itemsize)


def cache_bytes(module: Any, positions: int) -> int:
    """Keys and values of all layers."""
    config = module.config.get_text_config()
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return int(positions * 2 * config.num_hidden_layers * heads * size * module.dtype.itemsize)


def batch_bytes(module: Any, count: int, width: int, cached: int, read: int) -> int:
    """About how many bytes a batch needs at its peak, counted for the layers of Llama and its like.

    Keys and values of every lane, the mask, one layer at work (residual stream, norm in float32, query and output of
    attention; keys and values once per query head; gate, its activation and the other half of the feed-forward), and
    the logits with a float32 copy and what `logsumexp` makes of it.

    Args:
        module: a causal language model.
        count: of lanes (`eval.score.packing`).
        width: positions that run of each.
        cached: positions before them.
        read: positions of all together whose logits are read.
    """
    config, size = module.config.get_text_config(), module.dtype.itemsize
    hidden, seen = config.hidden_size, cached + width
    inner = getattr(config, "intermediate_size", None) or 4 * hidden
    mask = width * seen * (size + 2)
    layer = width * (hidden * (2 * 4 + 4 * size) + 3 * inner * size) + seen * 2 * hidden * size
    logits = read * config.vocab_size * (size + 4 + (4 if size < 4 else 0))
    return int(count * (cache_bytes(module, seen) + mask + layer) + logits)
