"""Synthetic candidates are what they are said to be."""

import pytest

from builder.bench.synthetic import BROKEN, MOST, PERIOD, synthetic, synthetic_lines
from builder.near import NEAR, near, near_duplicates


def test_sound_candidates_are_not_alike() -> None:
    """Neighbours, and some from the whole range."""
    numbers = sorted({*range(1500), *range(0, MOST, 509)})
    texts = [synthetic(number).prompt for number in numbers if number % PERIOD not in BROKEN]
    assert len(texts) > 2000
    assert [(i, j) for i, j, _ in near_duplicates(texts, texts, NEAR) if i != j] == []


def test_known_near_duplicates_are_alike_with_an_earlier_one() -> None:
    lines = 4000
    earlier = [synthetic(number).prompt for number in range(0, lines, PERIOD)]
    kinds = {kind: number for number, kind in BROKEN.items()}
    for number in range(kinds["near-duplicates"], lines, PERIOD):
        text = synthetic(number).prompt
        (original,) = [other for other in earlier[: number // PERIOD + 1] if text.startswith(other)]
        assert NEAR < near(text, original) < 1


def test_lines_are_the_same_on_each_call() -> None:
    assert list(synthetic_lines(200)) == list(synthetic_lines(300))[:200]
    with pytest.raises(ValueError, match="0 to 1030301 can be made"):
        next(synthetic_lines(MOST + 1))
