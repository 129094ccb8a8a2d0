"""A KV cache in which each row has a slot and a length of its own, so that rows come and go without padding."""

from collections.abc import Sequence
from typing import Any

import torch
from transformers import Cache
from transformers.cache_utils import DynamicLayer

from eval.models.forward import additive


class _Layer(DynamicLayer):  # type: ignore[misc]  # transformers has no types here
    """Keys and values of one layer, shape (slots, heads, width, size); written at each row's own length."""

    def __init__(self, slots: "Slots", like: Any) -> None:
        super().__init__()
        self.lazy_initialization(like.keys, like.values)
        self._slots = slots
        self.keys = _empty(slots, like.keys)
        self.values = _empty(slots, like.values)

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_args: Any, **_kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Store one token of each row, and give what all rows hold, up to the longest."""
        slots = self._slots
        rows, end = slots.rows, slots.longest + 1
        self.keys[rows, :, slots.lengths] = key_states[:, :, 0]
        self.values[rows, :, slots.lengths] = value_states[:, :, 0]
        return self.keys[: len(rows), :, :end], self.values[: len(rows), :, :end]


class Slots(Cache):  # type: ignore[misc]  # nor here
    """What rows of different lengths have computed so far.

    `lengths` are the tokens that each row holds, shape (rows,); after a pass of one token each, call `grow`.
    """

    def __init__(self, slots: int, width: int, like: Any) -> None:
        """Room for so many rows of so many tokens, for the layers of a filled cache."""
        self.slots, self.width = slots, width
        device = like.layers[0].keys.device
        self._all = torch.arange(slots, device=device)
        self.lengths = torch.zeros(0, dtype=torch.long, device=device)
        self.longest = 0
        super().__init__(layers=[_Layer(self, layer) for layer in like.layers])

    @property
    def rows(self) -> torch.Tensor:
        """The slots in use, shape (rows,)."""
        return self._all[: len(self.lengths)]

    def mask(self, dtype: torch.dtype) -> torch.Tensor:
        """What is added to the attention of one further token of each row, shape (rows, 1, 1, longest + 1)."""
        columns = torch.arange(self.longest + 1, device=self.lengths.device)
        return additive(columns <= self.lengths[:, None], dtype)[:, None, None]

    def grow(self) -> None:
        """Each row holds one more token."""
        self.lengths = self.lengths + 1
        self.longest += 1

    def add(self, cache: Any, lengths: Sequence[int]) -> None:
        """Rows behind those that are there: the first tokens of each row of a cache."""
        start, end, width = len(self.lengths), len(self.lengths) + len(lengths), max(lengths)
        for own, layer in zip(self.layers, cache.layers, strict=True):
            own.keys[start:end, :, :width] = layer.keys[:, :, :width]
            own.values[start:end, :, :width] = layer.values[:, :, :width]
        self.lengths = torch.cat([self.lengths, self.lengths.new_tensor(lengths)])
        self.longest = int(self.lengths.max())

    def keep(self, rows: Sequence[int]) -> list[int]:
        """Let all other rows go; the last ones take their slots. Gives the rows in their new order."""
        left = set(rows)
        free = [slot for slot in range(len(rows)) if slot not in left]
        moving = [row for row in rows if row >= len(rows)]
        order = list(range(len(rows)))
        if moving:
            for slot, row in zip(free, moving, strict=True):
                order[slot] = row
            for layer in self.layers:
                layer.keys[free, :, : self.longest] = layer.keys[moving, :, : self.longest]
                layer.values[free, :, : self.longest] = layer.values[moving, :, : self.longest]
        self.lengths = self.lengths[order]
        self.longest = int(self.lengths.max()) if order else 0
        return order


def _empty(slots: Slots, like: torch.Tensor) -> torch.Tensor:
    """Zeros, since what a row has not written is read, though it counts for nothing, and must be finite."""
    return like.new_zeros(slots.slots, like.shape[1], slots.width, like.shape[3])
