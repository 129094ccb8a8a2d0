"""Linear layers on the CPU with their weights laid out as oneDNN multiplies them, which it otherwise does at each call.

For bfloat16 only, where that takes as long as the products of a few rows themselves.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch

MOST_BYTES = 2**31  # of weights, since they are copied
ROWS = 32  # of the products that the layout is made for


@contextmanager
def packed(module: Any) -> Iterator[None]:
    """While open, the linear layers of a small bfloat16 model on the CPU run faster; others stay as they are."""
    layers = _packable(module)
    for layer in layers:
        layer.forward = partial(
            _linear, torch.ops.mkldnn._reorder_linear_weight(layer.weight.detach(), ROWS), layer.bias
        )
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward


def _packable(module: Any) -> list[Any]:
    if module.device.type != "cpu" or not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return []
    if not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return []
    found = [
        part
        for part in module.modules()
        if type(part) is torch.nn.Linear and part.weight.dtype == torch.bfloat16 and "forward" not in part.__dict__
    ]
    return found if sum(layer.weight.nbytes for layer in found) <= MOST_BYTES else []


def _linear(weight: torch.Tensor, bias: torch.Tensor | None, states: torch.Tensor) -> torch.Tensor:
    return torch.ops.mkldnn._linear_pointwise(states, weight, bias, "none", [], "")  # type: ignore[no-any-return]
