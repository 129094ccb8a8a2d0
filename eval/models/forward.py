"""What forward passes of the score and of generation share: the output head runs only where it is read."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


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
