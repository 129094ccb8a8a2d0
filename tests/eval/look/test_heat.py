"""How dark a word is: against the strongest of its prompt, in nats with a floor."""

import pytest

from eval.attribution import Feature
from eval.calls import NATS, RATE
from eval.look.heat import FLOOR, LEVELS, darkest, pieces


def levels(scores: list[float], unit: str = NATS) -> list[int]:
    text = " ".join("w" for _ in scores)
    found = [Feature(text="w", turn=0, start=2 * at, end=2 * at + 1, score=one) for at, one in enumerate(scores)]
    return [piece.level for piece in pieces(text, found, darkest(max(scores), unit)) if piece.score is not None]


@pytest.mark.parametrize(
    ("scores", "unit", "found"),
    [
        ([12.0, 6.0, -3.0], NATS, [LEVELS, 2, 0]),
        ([FLOOR, 0.1], NATS, [LEVELS, 0]),
        ([0.26, 0.1], NATS, [1, 0]),
        ([0.26, 0.1], RATE, [LEVELS, 2]),
        ([-0.5, 0.0], NATS, [0, 0]),
    ],
    ids=["a refusal", "at the floor", "hardly anything", "another unit", "nothing"],
)
def test_the_darkest_colour_is_that_of_the_strongest_word_but_not_below_the_floor(
    scores: list[float], unit: str, found: list[int]
) -> None:
    assert levels(scores, unit) == found
