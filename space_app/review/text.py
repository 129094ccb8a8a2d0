"""A candidate's turns, cut: every word a button, or with what was marked in them. `text.html.j2` draws both."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from eval.look.marks import cut
from eval.record import Conversation, Message, Span
from space_app.review.sitting import choices

# What stands between two words: the end of the one, blanks (with dashes and such among them), the start of the other.
BETWEEN = re.compile(r"(\S*)(\s(?:.*\s)?)(\S*)", re.DOTALL)


class Word(NamedTuple):
    """A word that can be chosen, by its number; `joined` to the one before."""

    text: str
    number: int
    turn: int
    pressed: bool
    joined: bool


Chunk = tuple[str, list[Word | str]]
"""The blanks before it, and what a line never breaks: a word with its punctuation."""


def choosable(messages: Conversation, groups: Sequence[Sequence[int]]) -> list[tuple[Message, list[Chunk]]]:
    """The turns with each word of the user's; those of `groups` are pressed, a group's joined."""
    chosen = {number for group in groups for number in group}
    joined = {number for group in groups for number in group[1:]}
    places = list(enumerate(choices(messages)))

    def chunks(index: int) -> list[Chunk]:
        content, at, found = messages[index].content, 0, [("", list[Word | str]())]
        for number, place in [(n, p) for n, p in places if p.turn == index]:
            _between(content[at : place.start], found)
            text = content[place.start : place.end]
            found[-1][1].append(Word(text, number, index, number in chosen, number in joined))
            at = place.end
        _between(content[at:], found)
        return found

    return [(message, chunks(index)) for index, message in enumerate(messages)]


def marked(
    messages: Conversation, yours: Sequence[Span] = (), authors: Sequence[Span] = ()
) -> list[tuple[Message, list[tuple[str, str]]]]:
    """The turns in pieces, each with who marked it as Focus: `yours`, `authors`, both or neither."""
    by_whom = {"yours": yours, "authors": authors}

    def pieces(index: int) -> list[tuple[str, str]]:
        here = [(name, s) for name, spans in by_whom.items() for s in spans if s.turn == index]
        cuts = cut(messages[index].content, [(span.start, span.end) for _, span in here])
        return [(text, " ".join(dict.fromkeys(here[at][0] for at in inside))) for text, inside in cuts]

    return [(message, pieces(index)) for index, message in enumerate(messages)]


def _between(text: str, found: list[Chunk]) -> None:
    """Add the text between two words: to the last chunk, and where there are blanks in it, to a new one."""
    split = BETWEEN.fullmatch(text)
    if not split:
        found[-1][1].append(text)
        return
    end, gap, start = split.groups()
    found[-1][1].append(end)
    found.append((gap, [start]))
