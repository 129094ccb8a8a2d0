"""A sitting as HTML. A template per stage, which all draw what is in the sitting; what needs thought is here."""

from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path
from typing import Any

from builder.candidate import Candidate
from eval.look import Templates
from eval.record import Span
from eval.words import find
from space_app.review.sitting import Sitting, Stage
from space_app.review.text import choosable, marked

TEMPLATES = Templates(Path(__file__).parent)
METHODS = {"llm": "reading by the guidelines", "ablation": "leaving out one word at a time"}


def page(sitting: Sitting) -> str:
    """What the visitor sees, at any stage."""
    where = _where(sitting) if sitting.stage != "name" else ""
    say = " ".join([sitting.note, *sitting.problems, where]).strip()
    done = 100 * (sitting.at - 1 if sitting.shown else sitting.total) / max(sitting.total, 1)
    facts = FACTS[sitting.stage](sitting)
    return TEMPLATES.render("page.html.j2", sitting=sitting, where=where, say=say, done=done, **facts)


def _where(sitting: Sitting) -> str:
    if sitting.shown:
        return f"{sitting.at} of {sitting.total}"
    return "Done for now" if sitting.skipped else "Done"


def _nothing(_: Sitting) -> dict[str, Any]:
    return {}


def _guest(sitting: Sitting) -> dict[str, Any]:
    return {"text": marked(sitting.candidate.messages)}


def _blind(sitting: Sitting) -> dict[str, Any]:
    return {"text": choosable(sitting.candidate.messages, sitting.held.focus)}


def _compare(sitting: Sitting) -> dict[str, Any]:
    shown, reading = sitting.candidate, sitting.reading
    yours, focus = (reading.focus_spans, reading.focus) if reading else ([], [])
    differs = {word.casefold() for word in focus} != {word.casefold() for word in shown.focus}
    return {"text": marked(shown.messages, yours, _places(shown)), "focus_differs": differs, "methods": METHODS}


def _places(candidate: Candidate) -> list[Span]:
    """Where the author's Focus stands in the user's turns, as far as it is there."""
    places = [span for word in candidate.focus for span in find(candidate.messages, word)]
    return [span for span in places if candidate.messages[span.turn].role == "user"]


def _edit(sitting: Sitting) -> dict[str, Any]:
    """The turns before the last, and the rows of Focus and neutral with an empty one at the end."""
    pairs = [pair for pair in zip_longest(sitting.held.words, sitting.held.neutral, fillvalue="") if any(pair)]
    return {"text": marked(sitting.candidate.messages[:-1]), "pairs": [*pairs, ("", "")]}


FACTS: dict[Stage, Callable[[Sitting], dict[str, Any]]] = {
    "name": _nothing, "guest": _guest, "blind": _blind, "compare": _compare, "edit": _edit, "end": _nothing,
}  # fmt: skip
