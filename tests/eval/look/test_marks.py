"""A text cut by marks: nothing is lost, and each piece lies in the marks that hold its characters."""

from random import Random

import pytest

from eval.look.marks import Mark, cut


@pytest.mark.parametrize(
    ("marks", "pieces"),
    [
        ([], [("blow up", ())]),
        ([(0, 7)], [("blow up", (0,))]),
        ([(5, 7), (0, 4)], [("blow", (1,)), (" ", ()), ("up", (0,))]),
        ([(0, 6), (5, 7)], [("blow ", (0,)), ("u", (0, 1)), ("p", (1,))]),
        ([(0, 4), (4, 7), (3, 3)], [("blow", (0,)), (" up", (1,))]),
    ],
)
def test_pieces(marks: list[Mark], pieces: list[tuple[str, tuple[int, ...]]]) -> None:
    assert cut("blow up", marks) == pieces


def test_each_piece_lies_in_the_marks_of_its_characters() -> None:
    random = Random(0)
    for _ in range(200):
        text = "".join(random.choices("ab \u202e\U0001f600", k=random.randrange(12)))
        marks = [tuple(sorted(random.choices(range(len(text) + 1), k=2))) for _ in range(random.randrange(5))]
        at = 0
        for piece, inside in cut(text, marks):  # type: ignore[arg-type]  # each is of two
            assert piece and all(
                ((first <= at and at + len(piece) <= behind) and first < behind) is (number in inside)
                for number, (first, behind) in enumerate(marks)  # type: ignore[misc]
            )
            at += len(piece)
        assert at == len(text)
