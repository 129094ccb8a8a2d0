"""A candidate's text as HTML: its turns with every word a button, or with what was marked in them. All is escaped."""

import re
from collections.abc import Callable, Sequence
from html import escape
from itertools import pairwise

from eval.record import Conversation, Span
from space_app.review.sitting import choices

SPEAKERS = {"user": "User", "assistant": "Assistant", "system": "System"}
# What stands between two words: the end of the one, blanks (with dashes and such among them), the start of the other.
BETWEEN = re.compile(r"(\S*)(\s(?:.*\s)?)(\S*)", re.DOTALL)


def choosable(messages: Conversation, groups: Sequence[Sequence[int]]) -> str:
    """The turns, with a button for each word of the user's; those of `groups` are pressed, a group's joined."""
    chosen = {number for group in groups for number in group}
    joined = {number for group in groups for number in group[1:]}
    places = list(enumerate(choices(messages)))

    def turn(index: int) -> str:
        content, at, parts = messages[index].content, 0, ["<span class='rv-chunk'>"]
        for number, place in [(n, p) for n, p in places if p.turn == index]:
            parts += [_between(content[at : place.start]), _button(content, number, place, chosen, joined)]
            at = place.end
        return "".join([*parts, _between(content[at:]), "</span>"])

    return _turns(messages, turn)


def marked(messages: Conversation, yours: Sequence[Span], authors: Sequence[Span]) -> str:
    """The turns, with what the reviewer and what the author marked as Focus."""

    def turn(index: int) -> str:
        content = messages[index].content
        here = {name: [s for s in spans if s.turn == index] for name, spans in (("yours", yours), ("authors", authors))}
        edges = sorted(
            {0, len(content), *(edge for spans in here.values() for s in spans for edge in (s.start, s.end))}
        )
        parts = []
        for start, end in pairwise(edges):
            kinds = [name for name, spans in here.items() if any(s.start <= start and end <= s.end for s in spans)]
            piece = escape(content[start:end])
            parts.append(f"<mark class='{' '.join(kinds)}'>{piece}</mark>" if kinds else piece)
        return "".join(parts)

    return _turns(messages, turn)


def _turns(messages: Conversation, text: Callable[[int], str]) -> str:
    alone = len(messages) == 1
    return "".join(
        f"<div class='rv-turn {message.role}'>{'' if alone else _speaker(message.role)}<p>{text(i)}</p></div>"
        for i, message in enumerate(messages)
    )


def _speaker(role: str) -> str:
    return f"<div class='rv-speaker'>{SPEAKERS[role]}</div>"


def _button(content: str, number: int, place: Span, chosen: set[int], joined: set[int]) -> str:
    pressed = "true" if number in chosen else "false"
    join = " data-joined" if number in joined else ""
    return (
        f"<button type='button' class='rv-word' data-word='{number}' data-turn='{place.turn}' aria-pressed='{pressed}'"
        f"{join}>{escape(content[place.start : place.end])}</button>"
    )


def _between(text: str) -> str:
    """The text between two words, so that a line never breaks between a word and its punctuation."""
    split = BETWEEN.fullmatch(text)
    if not split:
        return escape(text)
    end, gap, start = (escape(part) for part in split.groups())
    return f"{end}</span><span class='rv-gap'>{gap}</span><span class='rv-chunk'>{start}"
