"""Fills the templates of the cards; a fact that a template needs and nobody passed is an error, never a blank."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, **facts: object) -> str:
    """The card `template` ("dataset.md", "model.md") with its facts.

    The facts are used as they are, numbers unrounded unless the template rounds them.

    Raises:
        jinja2.UndefinedError: a fact is missing; the message names it.
        jinja2.TemplateNotFound: no `<template>.j2` in `hub_cards/templates`.
    """
    return environment(TEMPLATES).get_template(f"{template}.j2").render(**facts)


@cache
def environment(folder: Path) -> Environment:
    """The templates of a folder, for Markdown: escaping for HTML would spoil quotes and ampersands."""
    return Environment(
        loader=FileSystemLoader(folder), undefined=StrictUndefined, autoescape=False, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
