"""What is known of a question as the parts of the page: HTML by its place, all of it from templates."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from eval.attribution import Attribution
from eval.look import Templates
from eval.look.heat import LEVELS, Piece, darkest, pieces
from eval.look.wording import how, reason
from eval.mitigation.guard import STILL
from eval.record import Role
from space_app.engine.steps import Doing, Waiting
from space_app.place import link
from space_app.settings import Settings
from space_app.trial.asked import link_of
from space_app.trial.choices import DEFAULT_DIVISOR, DIVISORS, SKITTISH, free, methods, mitigations
from space_app.trial.code import gateway, python
from space_app.trial.examples import examples
from space_app.trial.note import hidden
from space_app.trial.telling import Told

HERE = Path(__file__).parent


def doing(step: Doing | Waiting) -> str:
    """What is being done or waited for, in words."""
    if isinstance(step, Doing):
        return step.text
    if not step.before:
        return "You are next."
    return f"{step.before} visitor{'' if step.before == 1 else 's'} before you."


def unnumbered(line: str) -> str:
    """A line of the guard's without the reader's log-odds."""
    return re.sub(r" \(log-odds [^()]*\)", "", line)


PAGES = Templates(HERE, filters={"doing": doing, "how": how, "unnumbered": unnumbered})


class Turn(NamedTuple):
    """A turn with its words by score, and the sum of their scores."""

    role: Role
    pieces: list[Piece]
    nats: float


class Heat(NamedTuple):
    """What one method found, or that it is still at work or has failed."""

    method: str
    turns: list[Turn]
    found: Attribution | None
    seconds: float
    top: float
    doing: Doing | Waiting | None
    failed: str


def frame(settings: Settings) -> str:
    """The form and the empty places; of the settings, no word of a visitor's."""
    return PAGES.render(
        "frame.html.j2", models=[choice.name for choice in settings.models], limits=settings.limits,
        methods={choice.name: methods(choice.name) for choice in settings.models}, divisors=DIVISORS,
        default_divisor=DEFAULT_DIVISOR, mitigations=mitigations(settings.models[0].name), examples=examples(),
        skittish=SKITTISH,
    )  # fmt: skip


def parts(told: Told, settings: Settings) -> dict[str, str]:
    """HTML by its place on the page."""
    facts: dict[str, Any] = {"told": told, "asked": told.asked, "levels": LEVELS}
    facts |= {"free": free(settings, told.asked.model), "divisor": round(1 / told.asked.strength)}
    shown = {
        "answer": PAGES.render("answer.html.j2", **facts, hidden=_is_hidden(told)),
        "reason": PAGES.render("reason.html.j2", **facts, reason=_reason(told), without=_without(told)),
        "heat": PAGES.render("heat.html.j2", **facts, heats=_heats(told)),
        "helps": PAGES.render("helps.html.j2", **facts),
        "foot": _foot(told, settings),
        "status": _status(told),
    }
    for name in mitigations(told.asked.model):
        tried = told.tried.get(name)
        behind = bool(tried) and hidden(told.unsafe, tried.result.verdict if tried else None)
        shown[name] = PAGES.render("card.html.j2", **facts, name=name, tried=tried, hidden=behind)
    return shown


def sent(value: dict[str, Any]) -> str:
    """For the browser, as JSON without a character that HTML would read."""
    return json.dumps(value).replace("<", "\\u003c")


def failure(line: str) -> dict[str, str]:
    """The parts where nothing could be asked."""
    return {"answer": PAGES.render("failure.html.j2", line=line), "status": line}


def _is_hidden(told: Told) -> bool:
    return hidden(told.unsafe, told.answered.verdict if told.answered else None)


def _reason(told: Told) -> str:
    """Why, in a sentence, as far as it is known."""
    if told.answered is None or told.first is None:
        return ""
    words = [span.text(told.asked.messages) for span in told.first.triggers]
    return reason(told.answered.verdict, words, told.first.refuses)


def _without(told: Told) -> str:
    """What the guard's counterfactual says of the words to blame."""
    if told.answered is None or not told.answered.verdict.refused or not told.tried:
        return ""
    guard = next(iter(told.tried.values())).guard
    them = "them" if len(set(told.triggers)) > 1 else "it"
    if told.asked.triggers is not None:
        them = " and ".join(f'"{word}"' for word in dict.fromkeys(told.asked.words))
    if guard.allowed:
        return f"Without {them} the model answers."
    return f"Without {them} the model refuses too." if guard.reason == STILL else ""


def _heats(told: Told) -> list[Heat]:
    asked = told.asked
    names = [asked.method, *([asked.beside] if asked.beside and asked.beside != asked.method else [])]
    return [_heat(told, name) for name in names]


def _heat(told: Told, method: str) -> Heat:
    step = told.found.get(method)
    found = step.found if step else None
    blocks = found.blocks if found else []
    top = max((block.score for block in blocks), default=0.0)
    scale = darkest(top, found.unit) if found else 0.0
    triggers = found.triggers if found else []
    turns = []
    for at, message in enumerate(told.asked.messages):
        scored = [block for block in blocks if block.turn == at]
        begins = {span.start for span in triggers if span.turn == at}
        nats = sum(feature.score for feature in found.features if feature.turn == at) if found else 0.0
        turns.append(Turn(message.role, pieces(message.content, scored, scale, begins), nats))
    seconds = step.seconds if step else 0.0
    return Heat(method, turns, found, seconds, top, told.doing.get(method), told.failed.get(method, ""))


def _foot(told: Told, settings: Settings) -> str:
    if not told.done or told.answered is None:
        return ""
    asked = told.asked
    return PAGES.render(
        "foot.html.j2", asked=asked, here=link_of(asked, settings), python=python(asked, settings),
        gateway=gateway(asked, settings), record=link("explore", record=asked.record) if asked.record else "",
    )  # fmt: skip


def _status(told: Told) -> str:
    """For screen readers: only what is complete."""
    if not told.answered:
        return told.failed.get("answer", "")
    return " ".join(filter(None, [_reason(told), _without(told), "Done." if told.done else ""]))
