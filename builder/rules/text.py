"""How a text may be written: characters, scripts, length, turns."""

import unicodedata
from collections.abc import Iterable, Iterator

import regex
from ftfy.badness import is_bad

from eval.record import Record

WORDS = (4, 60)
TURNS = (2, 7)
# Look like nothing, yet have the category of a letter, a mark or a symbol.
BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
# Scripts whose letters pass for Latin ones. Ohm and micro stand beside Latin letters in units.
LOOKALIKE = r"[[\p{Cyrillic}\p{Greek}\p{Armenian}\p{Cherokee}\p{Hebrew}\p{Arabic}]--[Ωμ]]"
MIXED = regex.compile(rf"(?V1)\p{{L}}*(?:\p{{Latin}}\p{{M}}*{LOOKALIKE}|{LOOKALIKE}\p{{M}}*\p{{Latin}})\p{{L}}*")
VERSION = regex.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
# What other programs leave of a character: an HTML entity, an escape.
LEFTOVER = regex.compile(
    r"&(?:#\d+|#x[0-9a-f]+|amp|lt|gt|quot|apos|nbsp);|\\u[0-9a-f]{4}|\\x[0-9a-f]{2}", regex.IGNORECASE
)
ID = regex.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")


def visible_characters(record: Record) -> Iterator[str]:
    """Only characters that can be seen, space and newline: none of zero width, none that turns the direction."""
    for name, text in _texts(record):
        hidden = sorted({char for char in text if _hidden(char)})
        if hidden:
            yield f"`{name}` holds {_names(hidden)}; only characters that can be seen, space and newline are allowed"


def whole_characters(record: Record) -> Iterator[str]:
    """No character that was broken by a wrong encoding on the way."""
    for name, text in _texts(record):
        if _broken(text):
            yield f"`{name}` holds broken characters ({_excerpt(text)!r}); copy the text again, as UTF-8"


def one_script_per_word(record: Record) -> Iterator[str]:
    """No word of Latin letters with lookalikes from another script in it, and no letters that are a style of others."""
    for name, text in _texts(record):
        styled = sorted({c for c in text if c.isalpha() and unicodedata.normalize("NFKC", c) != c})
        if styled:
            yield f"`{name}` holds styled letters ({_names(styled)}); type them as plain letters"
        for match in MIXED.finditer(text):
            strange = sorted({c for c in match.group() if not regex.match(r"\p{Latin}|\p{M}", c)})
            yield f"`{name}` mixes scripts in {match.group()!r} ({_names(strange)}); type the word again in one script"


def plain_blanks(record: Record) -> Iterator[str]:
    """No blanks at the ends, and never two blanks or three line ends in a row."""
    for name, text in _texts(record):
        if text != text.strip() or "\n\n\n" in text or ("  " in text and not name.startswith("turn")):
            yield f"`{name}` has blanks at an end or in a row; take them out"


def prompt_length(record: Record) -> Iterator[str]:
    """The last turn has 4 to 60 words."""
    low, high = WORDS
    count = len(record.prompt.split())
    if not low <= count <= high:
        fix = "add" if count < low else "cut"
        yield f"the prompt has {count} words; {low} to {high} are allowed, {fix} some"


def real_dialogue(record: Record) -> Iterator[str]:
    """A scenario's record is a dialogue of 2 to 7 turns in which the assistant speaks."""
    if record.scenario_id is None:
        return
    low, high = TURNS
    turns = len(record.messages)
    if not low <= turns <= high or "assistant" not in {m.role for m in record.messages}:
        yield f"{turns} turns do not make a dialogue; write {low} to {high}, the assistant's among them"


def plain_ids(record: Record) -> Iterator[str]:
    """Ids are lower-case letters and digits, joined by hyphens or underscores."""
    for name in ("id", "pair_id", "scenario_id"):
        value = getattr(record, name)
        if value is not None and not ID.fullmatch(value):
            yield f"`{name}` {value!r} is no plain id; use a-z, 0-9, hyphens and underscores, like xsb-homonyms-001"


def plain_version(record: Record) -> Iterator[str]:
    """Versions are three numbers."""
    if not VERSION.fullmatch(record.version):
        yield f'`version` {record.version!r} is no version; write three numbers, like "0.2.0"'


def _texts(record: Record) -> Iterator[tuple[str, str]]:
    yield from ((f"turn {turn}", message.content) for turn, message in enumerate(record.messages))
    yield from (("focus", word) for word in record.focus)
    yield from (("neutral", word) for word in record.neutral)
    for name in ("id", "pair_id", "topic", "why", "source", "version", "scenario_id"):
        yield name, getattr(record, name) or ""


def _names(chars: Iterable[str]) -> str:
    return ", ".join(f"U+{ord(c):04X} {unicodedata.name(c, 'unnamed')}" for c in chars)


def _hidden(char: str) -> bool:
    category = unicodedata.category(char)
    if category in {"Zs", "Cc"}:
        return char not in " \n"
    selector = "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef" or "\u180b" <= char <= "\u180f"
    return category[0] in "CZ" or char in BLANK or selector


def _broken(text: str) -> bool:
    return "\ufffd" in text or is_bad(text) or LEFTOVER.search(text) is not None


def _excerpt(text: str) -> str:
    """The words around the first broken character."""
    words = text.split()
    bad = next((i for i, word in enumerate(words) if _broken(word)), 0)
    return " ".join(words[max(0, bad - 1) : bad + 2])
