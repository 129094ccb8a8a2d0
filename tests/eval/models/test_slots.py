import torch
from transformers import DynamicCache

from eval.models.slots import Slots


def cache(values: list[list[float]]) -> DynamicCache:
    """One layer, one head, keys of size 1: what each row holds."""
    filled = DynamicCache()
    states = torch.tensor(values)[:, None, :, None]
    filled.update(states, -states, 0)
    return filled


def held(slots: Slots) -> list[list[float]]:
    layer = slots.layers[0]
    assert torch.equal(layer.keys, -layer.values)
    rows = layer.keys[: len(slots.lengths), 0, :, 0]
    return [row[:length].tolist() for row, length in zip(rows, slots.lengths, strict=True)]


def test_rows_of_different_lengths_come_grow_and_go() -> None:
    slots = Slots(4, 5, cache([[0.0]]))
    slots.add(cache([[1, 2, 3], [4, 0, 0]]), [3, 1])
    slots.add(cache([[5, 6], [7, 8]]), [2, 2])
    assert held(slots) == [[1, 2, 3], [4], [5, 6], [7, 8]]
    assert slots.keep([1, 3]) == [3, 1], "the last row takes the free slot"
    assert held(slots) == [[7, 8], [4]]
    new = torch.tensor([9.0, 10.0])[:, None, None, None]
    keys, _ = slots.update(new, -new, 0)
    assert keys.shape == (2, 1, 3, 1)
    slots.grow()
    assert held(slots) == [[7, 8, 9], [4, 10]]
    assert (slots.longest, slots.keep([])) == (3, [])
    assert slots.longest == 0


def test_a_token_sees_what_its_row_holds_and_itself() -> None:
    slots = Slots(2, 4, cache([[0.0]]))
    slots.add(cache([[1, 2, 3], [4, 0, 0]]), [3, 1])
    assert (slots.mask(torch.float32)[:, 0, 0] == 0).int().tolist() == [[1, 1, 1, 1], [1, 1, 0, 0]]
