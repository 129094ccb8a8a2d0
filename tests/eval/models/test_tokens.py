"""Where the words of a conversation stand in the rendered chat, and which tokens are theirs."""

import pytest

from eval.errors import ModelError
from eval.models.tokens import token_positions, turn_starts
from eval.record import Message, Span, conversation


def rendered(messages: list[Message], trim: bool = False) -> str:
    turns = [f"<{m.role}>{m.content.strip() if trim else m.content}" for m in messages]
    return "<system>You are helpful." + "".join(turns) + "<assistant>"


def test_turn_starts_are_not_fooled_by_the_text_of_the_template() -> None:
    messages = [Message(role="user", content="help"), Message(role="assistant", content="user"), *conversation("help")]
    text = rendered(messages)
    starts = turn_starts(rendered, messages)
    assert [text[start:][:4] for start in starts] == ["help", "user", "help"]
    assert starts[0] > text.index("help")


def test_turn_starts_under_a_template_that_trims() -> None:
    messages = conversation("  kill it ")
    text = rendered(messages, trim=True)
    start = turn_starts(lambda m: rendered(m, trim=True), messages)[0]
    assert text[start + 2 : start + 6] == "kill"


def test_a_template_that_changes_text_is_named() -> None:
    with pytest.raises(ModelError, match="changes the text of turns"):
        turn_starts(lambda m: rendered(m).upper(), conversation("kill it"))


def test_token_positions_are_those_that_overlap_the_span() -> None:
    offsets = [(0, 3), (3, 7), (7, 12), (12, 15), (15, 17), (17, 19), (19, 22)]  # <u>kill kill<u>kill<a>
    assert token_positions(offsets, [3, 15], [Span(turn=0, start=5, end=9)]) == [2]
    assert token_positions(offsets, [3, 15], [Span(turn=1, start=0, end=4)]) == [4, 5]
