"""Which conversations the model is running at the moment, and where their tokens stand in the batch.

Who changes a model's run row by row (steering, removing a direction) is told the rows as one left-padded batch of all
conversations. A model that sorts or splits that batch, or lets rows leave it, says here which of them are running; who
runs a left-padded batch of all says nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import torch


class Rows(NamedTuple):
    """The rows of the batch that runs; tensors of shape (rows,).

    `places` are those of the conversations among all, `lengths` their prompts' tokens, `first` the columns in which
    those begin.
    """

    places: "torch.Tensor"
    lengths: "torch.Tensor"
    first: "torch.Tensor"

    def columns(self, positions: "torch.Tensor", keys: int) -> "torch.Tensor":
        """Marked tokens of prompts, as columns of the batch that runs: boolean, shape (rows, keys).

        Args:
            positions: boolean, shape (conversations, width), of a left-padded batch of all.
            keys: columns of the batch that runs.
        """
        import torch

        token = torch.arange(keys, device=positions.device) - self.first[:, None]
        padded = token + positions.shape[1] - self.lengths[:, None]
        inside = (token >= 0) & (token < self.lengths[:, None])
        return positions[self.places].gather(1, padded.clamp(0, positions.shape[1] - 1)) & inside


_RUNNING: ContextVar[Rows | None] = ContextVar("running", default=None)
_ALIKE: ContextVar[int | None] = ContextVar("alike", default=None)


@contextmanager
def running(rows: Rows) -> Iterator[None]:
    """While open, these rows run."""
    token = _RUNNING.set(rows)
    try:
        yield
    finally:
        _RUNNING.reset(token)


def current() -> Rows | None:
    """The rows that run; None for one left-padded batch of all conversations."""
    return _RUNNING.get()


@contextmanager
def row_by_row(alike: int) -> Iterator[None]:
    """While open, rows that begin with the same tokens are alike in no more than the first `alike` of them."""
    before = _ALIKE.get()
    token = _ALIKE.set(alike if before is None else min(before, alike))
    try:
        yield
    finally:
        _ALIKE.reset(token)


def most_alike() -> int | None:
    """In how many of their first tokens rows may be taken for one; None without a limit."""
    return _ALIKE.get()
