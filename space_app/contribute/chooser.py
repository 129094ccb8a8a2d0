"""The words of a text as buttons to choose Focus by: pieces of the user's turns."""

from collections.abc import Sequence
from dataclasses import dataclass

from eval.record import Conversation, Span
from eval.words import words
from space_app.contribute.draft import Focus, places


@dataclass(frozen=True)
class Piece:
    """A part of a turn: what stands between words, or a word, or a chosen word or phrase.

    `word` is what a press of the button chooses, or gives up. `join` is the phrase that this chosen piece would make
    with the chosen one before it, and `parts` are the two.
    """

    text: str
    word: str = ""
    chosen: bool = False
    join: str = ""
    parts: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Turn:
    """The pieces of one of the user's turns; `number` counts turns from 0."""

    number: int
    pieces: Sequence[Piece]


def turns(messages: Conversation, focus: Sequence[Focus]) -> list[Turn]:
    """The user's turns, cut into pieces."""
    marked = [(span, one) for span, one in places(messages, focus) if span.text(messages)]
    return [
        Turn(turn, _pieces(messages, turn, [pair for pair in marked if pair[0].turn == turn]))
        for turn, message in enumerate(messages)
        if message.role == "user" and message.content
    ]


def _pieces(messages: Conversation, turn: int, marked: Sequence[tuple[Span, Focus]]) -> list[Piece]:
    text = messages[turn].content
    free = [
        (word, None)
        for word in words(messages)
        if word.turn == turn and not any(word.overlaps(span) for span, _ in marked)
    ]
    found: list[Piece] = []
    at, last = 0, None
    for span, one in sorted([*marked, *free], key=lambda pair: (pair[0].start, -pair[0].end)):
        if span.start < at:  # chosen words that overlap; the rules say so
            continue
        between = text[at : span.start]
        if between:
            found.append(Piece(between))
        near = last is not None and one is not None and between.isspace() and one.word != last[1].word
        join = text[last[0].start : span.end] if near and last else ""
        parts = (last[1].word, one.word) if near and last and one else ("", "")
        word = one.word if one else span.text(messages)
        found.append(Piece(span.text(messages), word, one is not None, join, parts))
        at, last = span.end, (span, one) if one else None
    return [*found, Piece(text[at:])] if text[at:] else found
