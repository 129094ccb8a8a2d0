"""What a feature is: a word, as a character span in a turn; and texts with some of the words removed.

Words are split at white space; punctuation around a word stays in the text but not in its span, so that a trigger
reads "kill" and not "kill?". Template and special tokens are never features. Scripts without spaces are not split yet.
"""

import unicodedata
from collections.abc import Collection, Sequence

import regex

from eval.record import Conversation, Span

TOKEN = regex.compile(r"\S+")


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
    """The conversation with the spans deleted, each together with the white space before it.

    At the start of a turn the white space after the word goes instead.
    """
    return replaced(messages, dict.fromkeys(removed, ""))


def replaced(messages: Conversation, replacements: dict[Span, str]) -> Conversation:
    """The conversation with each span replaced by its text; an empty text deletes the word and a space beside it."""
    result = []
    for turn, message in enumerate(messages):
        spans = sorted((s for s in replacements if s.turn == turn), key=lambda s: s.start, reverse=True)
        text = message.content
        for span in spans:
            before, after = text[: span.start], text[span.end :]
            new = replacements[span]
            if not new:
                before = before.rstrip() if before.strip() else ""
                after = after if before else after.lstrip()
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


def token_positions(
    offsets: Sequence[tuple[int, int]], text: str, messages: Conversation, spans: Collection[Span]
) -> list[int]:
    """Indices of the tokens of a rendered chat that overlap the spans.

    Args:
        offsets: character start and end of each token in `text`.
        text: the rendered chat template; holds every turn's content verbatim and in order.
        messages: the conversation that was rendered.
        spans: words of it.
    """
    starts, at = [], 0
    for message in messages:
        content = message.content.strip()
        found = text.index(content, at)
        starts.append(found - (len(message.content) - len(message.content.lstrip())))
        at = found + len(content)
    places = [(starts[s.turn] + s.start, starts[s.turn] + s.end) for s in spans]
    return [i for i, (a, b) in enumerate(offsets) if any(a < end and b > start for start, end in places)]


def _trimmed(turn: int, start: int, text: str) -> Span | None:
    keep = [i for i, c in enumerate(text) if not unicodedata.category(c).startswith(("P", "C", "Z"))]
    return Span(turn=turn, start=start + keep[0], end=start + keep[-1] + 1) if keep else None
