"""Pieces of an answer add up to it, and stop sequences are never seen."""

import pytest

from eval.serve.written import Written


def pieces(steps: list[str], *stop: str) -> tuple[list[str], bool]:
    text = Written(stop)
    found = [text.more(step) for step in steps]
    return [*found, text.more(steps[-1], last=True)], text.ended


def test_pieces_add_up() -> None:
    assert pieces(["Hel", "Hello", "Hello\n", "Hello\n\nthere "]) == (["Hel", "lo", "", "\n\nthere", " "], False)


def test_half_a_character_waits() -> None:
    assert pieces(["a \ufffd", "a \u00e9"]) == (["a", " \u00e9", ""], False)


@pytest.mark.parametrize("stop", ["END", "\n\n"])
def test_a_stop_sequence_is_held_back_from_its_first_character(stop: str) -> None:
    text = f"one two{stop}three"
    found, ended = pieces([text[:n] for n in range(1, len(text) + 1)], stop)
    assert ("".join(found), ended) == ("one two", True)


def test_what_only_looked_like_a_stop_sequence_comes() -> None:
    assert "".join(pieces(["an EN", "an ENd"], "END")[0]) == "an ENd"
    assert "".join(pieces(["an EN"], "END")[0]) == "an EN"
