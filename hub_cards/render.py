"""Fills the templates of the cards; a fact that a template needs and nobody passed is an error, never a blank."""

import re
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, UndefinedError

TEMPLATES = Path(__file__).parent / "templates"
MARKUP = re.compile(r"([\\`*{}\[\]<>|#~!&]|(?<!\w)_|_(?!\w))")  # an underscore inside of a word is but a character


def render(template: str, **facts: object) -> str:
    """The card `template` ("dataset.md", "model.md") with its facts.

    The facts are used as they are, numbers unrounded unless the template rounds them.

    Raises:
        jinja2.UndefinedError: a fact is missing, and the message names it; or one is printed that has no value.
        jinja2.TemplateNotFound: no `<template>.j2` in `hub_cards/templates`.
    """
    return environment(TEMPLATES).get_template(f"{template}.j2").render(**facts)


@cache
def environment(folder: Path) -> Environment:
    """The templates of a folder, for Markdown: escaping for HTML would spoil quotes and ampersands.

    Texts that others wrote go through the filter `code` or `plain`.
    """
    made = Environment(  # Markdown  # nosec B701
        loader=FileSystemLoader(folder), undefined=StrictUndefined, autoescape=False, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True, finalize=_valued,
    )  # fmt: skip
    made.filters |= {"code": code, "plain": plain, "percent": percent, "decimals": decimals, "chance": chance}
    return made


def _valued(value: object) -> object:
    """What a template prints; nothing is not printed as "None"."""
    if value is None:
        raise UndefinedError("a fact has no value")
    return value


def code(text: object) -> str:
    """A name as a code span that fits into a table; whatever it holds stays text."""
    inside = one_line(text).replace("`", "'").replace("|", r"\|")
    return f"`{inside}`" if inside else "-"


def plain(text: object) -> str:
    """A sentence in which nothing acts as Markdown or HTML."""
    return MARKUP.sub(r"\\\1", one_line(text))


def percent(share: float | None, digits: int = 1) -> str:
    """A share (0 to 1) in percent, without the sign; "-" where there is none."""
    return "-" if share is None else f"{100 * share:.{digits}f}"


def decimals(value: float | None, digits: int = 2) -> str:
    """A number rounded; "-" where there is none."""
    return "-" if value is None else f"{value:.{digits}f}"


def chance(p: float | None) -> str:
    """A probability with three digits; "-" where there is none."""
    return "-" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}"


def one_line(text: object) -> str:
    """White space collapsed, and characters that are invisible or reorder the text made visible."""
    line = " ".join(str(text).split())
    return "".join(c if c.isprintable() else f"\u2039U+{ord(c):04X}\u203a" for c in line)
