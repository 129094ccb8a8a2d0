"""The prompts for language models: templates in `builder/llm/prompts`, filled with guidelines and records."""

import json
from hashlib import sha256
from pathlib import Path

from builder.guidelines import annotation, section
from hub_cards.render import environment

PROMPTS = Path(__file__).parent / "prompts"
STYLES = (PROMPTS / "styles.txt").read_text(encoding="utf-8").splitlines()


def fill(template: str, kind: str, **facts: object) -> str:
    """The prompt `template` ("generate", "annotate") for the type `kind`, with the guidelines in it.

    Raises:
        UnknownName: no such type.
        jinja2.UndefinedError: a fact is missing; the message names it.
    """
    shown = {"type": kind, "guidelines": annotation(), "section": section(kind)}
    return environment(PROMPTS).get_template(f"{template}.md.j2").render(**shown, **facts)


def revision(template: str, kind: str) -> str:
    """Twelve hexadecimal digits that change with the template, the styles and the guidelines for the type."""
    text = (PROMPTS / f"{template}.md.j2").read_text(encoding="utf-8")
    return sha256(json.dumps([text, STYLES, annotation(), section(kind)]).encode()).hexdigest()[:12]
