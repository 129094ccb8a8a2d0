"""What a feature is: a word, as a character span in a turn; and texts with some of the words removed.

Words are split at white space; punctuation around a word stays in the text but not in its span, so that a trigger
reads "kill" and not "kill?". Template and special tokens are never features. Scripts without spaces are not split yet.
"""

import unicodedata
from collections.abc import Callable, Collection, Sequence
from itertools import chain

import regex

from eval.errors import ModelError
from eval.record import Conversation, Span

TOKEN = regex.compile(r"\S+")
MARK = "\ue000"  # private use: no template and no prompt has it


def words(messages: Conversation) -> list[Span]:
    """The words of all turns but the system's, in reading order."""
    return [
        span
        for turn, message in enumerate(messages)
        if message.role != "system"
        for match in TOKEN.finditer(message.content)
        if (span := _trimmed(turn, match.start(), match.group()))
    ]


def without(messages: Conversation, removed: Collection[Span]) -> Conversation:
    """The conversation with the spans deleted, each with the blanks before it; at a line's start, those after it."""
    return replaced(messages, dict.fromkeys(removed, ""))


def replaced(messages: Conversation, replacements: dict[Span, str]) -> Conversation:
    """The conversation with each span replaced by its text; an empty text deletes the word and the blanks beside it."""
    result = []
    for turn, message in enumerate(messages):
        spans = sorted((s for s in replacements if s.turn == turn), key=lambda s: s.start, reverse=True)
        text = message.content
        for span in spans:
            before, after = text[: span.start], text[span.end :]
            new = replacements[span]
            if not new:
                before = before.rstrip(" \t")
                after = after if before and not before.endswith("\n") else after.lstrip(" \t")
            text = before + new + after
        result.append(message.model_copy(update={"content": text}))
    return result


def find(messages: Conversation, word: str) -> list[Span]:
    """Every place where `word` (or a phrase) stands as a whole word, without regard to case, system turns apart."""
    pattern = regex.compile(rf"(?<![\p{{L}}\p{{N}}]){regex.escape(word)}(?![\p{{L}}\p{{N}}])", regex.IGNORECASE)
    return [
        Span(turn=turn, start=match.start(), end=match.end())
        for turn, message in enumerate(messages)
        if message.role != "system"
        for match in pattern.finditer(message.content)
    ]


def turn_starts(render: Callable[[Conversation], str], messages: Conversation) -> list[int]:
    """Where the first character of each turn stands in the rendered chat.

    Found by rendering marks in place of the turns, since a short turn may also occur in the template's own text. A
    template that trims turns gives the place where the trimmed character would be.

    Raises:
        ModelError: the template does more to a turn than to trim it.
    """
    marked = [m.model_copy(update={"content": f"{MARK}{i}{MARK}"}) for i, m in enumerate(messages)]
    pieces = regex.split(rf"{MARK}\d+{MARK}", render(marked))
    for trim in (False, True):
        contents = [m.content.strip() if trim else m.content for m in messages]
        if "".join(chain(*zip(pieces, [*contents, ""], strict=False))) == render(messages):
            lengths = [len(piece) + len(content) for piece, content in zip(pieces, contents, strict=False)]
            leading = [len(m.content) - len(m.content.lstrip()) if trim else 0 for m in messages]
            return [sum(lengths[:i]) + len(pieces[i]) - leading[i] for i in range(len(messages))]
    raise ModelError(
        "the chat template changes the text of turns, so no word can be found in it: steer is not possible"
    )


def token_positions(offsets: Sequence[tuple[int, int]], starts: Sequence[int], spans: Collection[Span]) -> list[int]:
    """Indices of the tokens of a rendered chat that overlap the spans.

    Args:
        offsets: character start and end of each token in the rendered chat.
        starts: where each turn begins in it, from `turn_starts`.
        spans: words of the conversation.
    """
    places = [(starts[s.turn] + s.start, starts[s.turn] + s.end) for s in spans]
    return [i for i, (a, b) in enumerate(offsets) if any(a < end and b > start for start, end in places)]


def _trimmed(turn: int, start: int, text: str) -> Span | None:
    keep = [i for i, c in enumerate(text) if not unicodedata.category(c).startswith(("P", "C", "Z"))]
    return Span(turn=turn, start=start + keep[0], end=start + keep[-1] + 1) if keep else None
