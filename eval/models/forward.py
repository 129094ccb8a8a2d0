"""What forward passes of the score, its gradient and of generation share: each thing runs once, and only if it is read.

Tokens that many rows begin with run once, and every row goes on from their keys and values; the output head runs only
where its logits are read.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile
from typing import Any

import torch
from transformers import DynamicCache


def alike(first: Sequence[int], second: Sequence[int]) -> int:
    """How many tokens two rows begin with that are the same."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))


def cache_of(module: Any, ids: Sequence[int]) -> Any:
    """The cache with the keys and values of some tokens, at least one, of one row."""
    row = torch.tensor([list(ids)], device=module.device)
    return module(input_ids=row, use_cache=True, logits_to_keep=1).cache


def repeated(cache: Any, rows: int, tokens: int | None = None) -> DynamicCache:
    """A cache of so many rows, each going on from the only row of `cache`, or from the first `tokens` of it."""
    found = DynamicCache()
    for at, layer in enumerate(cache.layers):
        keys, values = (part[:, :, :tokens].expand(rows, -1, -1, -1) for part in (layer.keys, layer.values))
        found.update(keys, values, at)
    return found


def additive(seen: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """What is added to attention so that only what is `seen` (boolean, any shape) is: 0 there, elsewhere the least."""
    return torch.zeros(seen.shape, dtype=dtype, device=seen.device).masked_fill_(~seen, torch.finfo(dtype).min)


@contextmanager
def reading(module: Any, reads: tuple[torch.Tensor, torch.Tensor]) -> Iterator[None]:
    """While open, the output head sees these lanes and columns only: logits have shape (1, reads, vocabulary)."""

    def pick(_module: Any, args: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        return (args[0][reads][None], *args[1:])

    handle = module.get_output_embeddings().register_forward_pre_hook(pick)
    try:
        yield
    finally:
        handle.remove()
