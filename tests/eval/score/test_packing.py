import numpy as np
import pytest

from eval.score.packing import lanes


def test_rows_of_a_lane_do_not_overlap_and_none_is_lost() -> None:
    lengths = [40, 38, 36, 30, 28, 25, 24, 20, 19, 19, 19]
    places, width = lanes(lengths, cached=45)
    taken = np.zeros((1 + max(lane for lane, _ in places), width), dtype=int)
    for length, (lane, start) in zip(lengths, places, strict=True):
        taken[lane, start : start + length] += 1
    assert taken.max() == 1
    assert taken.sum() == sum(lengths)


@pytest.mark.parametrize("lengths", [list(range(19, 41)), [100, 10, 10, 10, 10], [30] * 12, [7]])
def test_little_is_padding(lengths: list[int]) -> None:
    places, width = lanes(lengths, cached=45)
    count = 1 + max(lane for lane, _ in places)
    assert sum(lengths) >= 0.9 * count * width or count * width == max(lengths)


def test_long_rows_are_not_put_behind_one_another() -> None:
    """A lane of two would attend to four times as much, for nothing: equal rows leave no padding."""
    places, width = lanes([2000, 2000, 2000], cached=0)
    assert width == 2000
    assert sorted(lane for lane, _ in places) == [0, 1, 2]
