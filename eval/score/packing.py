"""Rows of different lengths, several behind one another in a lane, so that hardly any position is padding.

A lane is what a model takes for one sequence of a batch. The rows in it do not see one another: each attends to the
cached tokens that it shares, and to itself.
"""

import heapq
from collections.abc import Sequence
from typing import NamedTuple

import torch

from eval.models.forward import additive
from eval.removal import Row
from eval.score.tree import seen
from eval.target import Target


class Lanes(NamedTuple):
    """A batch as the model takes it.

    `ids` and `positions` have shape (lanes, width), `mask`, what is added to attention, (lanes, 1, width, cached +
    width), `reads`, the lanes and columns of each row's last token and inner nodes, twice (rows * (1 + nodes),).
    """

    ids: torch.Tensor
    positions: torch.Tensor
    mask: torch.Tensor
    reads: tuple[torch.Tensor, torch.Tensor]


def pack(texts: Sequence[Row], shared: Sequence[int], target: Target, like: torch.Tensor) -> Lanes:
    """The rows, each behind the `shared` tokens that are cached and before the target's inner nodes, in lanes.

    Args:
        texts: the rows.
        shared: how many of each row's first tokens are cached.
        target: what is read behind each row.
        like: a tensor of the model's dtype and device.
    """
    nodes = len(target.tokens)
    lengths = [len(row.ids) - common + nodes for row, common in zip(texts, shared, strict=True)]
    cached = max(shared)
    places, width = lanes(lengths, cached)
    count = 1 + max(lane for lane, _ in places)
    ids = torch.zeros(count, width, dtype=torch.long)
    positions = torch.zeros_like(ids)
    mask = torch.zeros(count, 1, width, cached + width, dtype=torch.bool)
    mask[:, 0, :, cached:] = torch.eye(width, dtype=torch.bool)  # what attends to nothing would spread NaN
    columns = []
    for row, common, length, (lane, start) in zip(texts, shared, lengths, places, strict=True):
        end = start + length
        ids[lane, start:end] = torch.tensor([*row.ids[common:], *target.tokens])
        positions[lane, start : end - nodes] = torch.arange(common, len(row.ids))
        positions[lane, end - nodes : end] = len(row.ids) + torch.tensor(target.depths, dtype=torch.long)
        mask[lane, 0, start:end, :common] = True
        own = seen(length - nodes, target)
        own[:, [at - common for at in row.hidden]] = False
        mask[lane, 0, start:end, cached + start : cached + end] |= own
        columns.append(torch.arange(end - nodes - 1, end))
    at = torch.tensor([lane for lane, _ in places]).repeat_interleave(1 + nodes)
    device = like.device
    reads = (at.to(device), torch.cat(columns).to(device))
    return Lanes(ids.to(device), positions.to(device), additive(mask, like.dtype).to(device), reads)


def lanes(lengths: Sequence[int], cached: int) -> tuple[list[tuple[int, int]], int]:
    """Lane and first column of each row, and the lanes' width, for the number of lanes that costs least.

    Wide lanes waste less on padding, and more on attention to what is masked. The longest row first, each into the
    emptiest lane (Graham 1969, doi 10.1137/0117039).
    """
    options = [_filled(lengths, count) for count in range(1, len(lengths) + 1)]
    return min(options, key=lambda option: _cost(option, cached))


def _filled(lengths: Sequence[int], count: int) -> tuple[list[tuple[int, int]], int]:
    emptiest = [(0, lane) for lane in range(count)]
    places = [(0, 0)] * len(lengths)
    for i in sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True):
        start, lane = heapq.heappop(emptiest)
        places[i] = (lane, start)
        heapq.heappush(emptiest, (start + lengths[i], lane))
    return places, max(emptiest)[0]


ATTENTION = 1 / 2000  # what a key costs a query, of what all else costs a position


def _cost(option: tuple[list[tuple[int, int]], int], cached: int) -> float:
    places, width = option
    count = 1 + max(lane for lane, _ in places)
    return count * width * (1 + ATTENTION * (cached + width))
