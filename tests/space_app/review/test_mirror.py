"""What is added to a file, whatever is in it."""

import pytest

from builder.review.opinion import Opinion
from space_app.review.mirror import joined


def line(comment: str) -> bytes:
    opinion = Opinion(
        id="c-1", digest="d", reader="anna", author_kind="human", label="safe", focus=["x"], focus_spans=[],
        naturalness=3, comment=comment, decision="accept", version="v", date="2026-11-30T00:00:00.000000+00:00",
    )  # fmt: skip
    return opinion.model_dump_json().encode() + b"\n"


ONE, TWO, THREE = line("one"), line("two"), line("three\u2028\r")


@pytest.mark.parametrize(
    ("there", "whole"),
    [
        (b"", TWO + THREE),
        (ONE, ONE + TWO + THREE),
        (ONE + TWO, ONE + TWO + THREE),
        (ONE + TWO + THREE, ONE + TWO + THREE),
        (ONE[:-1], ONE + TWO + THREE),
        (ONE + TWO[:-1], ONE + TWO + THREE),
        (ONE + b'{"id": "c-', ONE + TWO + THREE),
        (b'{"id": "c-', TWO + THREE),
    ],
)
def test_every_whole_line_stays_and_none_comes_twice(there: bytes, whole: bytes) -> None:
    assert joined(there, [TWO, THREE]) == whole
