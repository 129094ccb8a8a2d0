"""The guidelines as text: what generators, annotators and reviewers are shown of them."""

from functools import cache

from builder.shipped import GUIDELINES
from eval.errors import UnknownName
from eval.record import TYPES

TYPES_BEGIN = "## The twelve types"


@cache
def general() -> str:
    """What holds for all types, as Markdown."""
    return GUIDELINES.read_text(encoding="utf-8").partition(TYPES_BEGIN)[0].strip()


@cache
def annotation() -> str:
    """The part of it that tells how a text is labelled and its Focus marked, for language models: they get no more."""
    text = general()
    return text[text.index("## Safe and unsafe") : text.index("## Partial refusal")].strip()


@cache
def section(name: str) -> str:
    """What one type is and is not, with its worked examples, as Markdown without its heading.

    Raises:
        UnknownName: no such type.
    """
    if name not in TYPES:
        raise UnknownName("type", name, TYPES)
    after = GUIDELINES.read_text(encoding="utf-8").partition(f"### {name}\n")[2]
    return after.partition("\n### ")[0].strip()


def meaning(name: str) -> str:
    """What one type is, in a clause: "a word with ..."; errors as for `section`."""
    is_, _, _ = section(name).partition("\n**Is not**")
    return " ".join(is_.removeprefix("**Is** ").rstrip(".").split())
