"""From a question to all that the page shows of it, step by step."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field

from eval.attribution import Attribution
from eval.errors import XsbError
from eval.record import Span
from space_app.engine.engine import Engine
from space_app.engine.steps import Answered, Attributed, Doing, Pulse, Step, Tried, Waiting, Writing
from space_app.trial.asked import Asked
from space_app.trial.note import unsafe


@dataclass
class Told:
    """What is known so far. `doing` and `failed` hold a line by its place: `answer`, a method's or mitigation's name.

    `skipped` says why no mitigation is tried; `done` that nothing more comes.
    """

    asked: Asked
    unsafe: bool = False
    written: str = ""
    answered: Answered | None = None
    found: dict[str, Attributed] = field(default_factory=dict)
    tried: dict[str, Tried] = field(default_factory=dict)
    doing: dict[str, Doing | Waiting] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    skipped: str = ""
    done: bool = False

    @property
    def first(self) -> Attribution | None:
        """What the first method found."""
        found = self.found.get(self.asked.method)
        return found.found if found else None

    @property
    def triggers(self) -> list[Span]:
        """The words that are mitigated: chosen by hand, or found."""
        if self.asked.triggers is not None:
            return self.asked.triggers
        return self.first.triggers if self.first else []


def tell(engine: Engine, asked: Asked, visitor: str, replaced: Callable[[], bool] = lambda: False) -> Iterator[Told]:
    """The same `Told` again and again, whenever there is more to show.

    The answer comes first, then the words to blame, the mitigations, and the words by the second method. What fails
    has its line in its place, and what builds on it is left out.

    Args:
        engine: that asks the models.
        asked: by the visitor.
        visitor: who asks.
        replaced: whether the visitor has asked something else meanwhile, so that this is not wanted any more.
    """
    told = Told(asked)
    for step in _steps(engine, told, visitor):
        if replaced():
            return
        if step:
            yield told
    told.done = True
    yield told


def _steps(engine: Engine, told: Told, visitor: str) -> Iterator[bool]:
    """Whether there is more to show, after each step."""
    asked = told.asked
    told.doing["answer"] = Doing("reading the request")
    yield True
    try:
        engine.check(asked.model, asked.messages)
        told.unsafe = unsafe(asked)
    except XsbError as error:
        told.failed["answer"] = str(error)
        return
    yield from _placed(told, "answer", engine.answer(asked.model, asked.messages, visitor))
    if told.answered is None:
        return
    yield from _attribute(engine, told, asked.method, visitor)
    told.skipped = _why_not(told)
    if not told.skipped:
        yield from _mitigate(engine, told, visitor)
    if asked.beside and asked.beside != asked.method:
        yield from _attribute(engine, told, asked.beside, visitor)


def _attribute(engine: Engine, told: Told, method: str, visitor: str) -> Iterator[bool]:
    asked = told.asked
    steps = engine.attribute(asked.model, asked.messages, method, told.answered, visitor)
    return _placed(told, method, steps)


def _mitigate(engine: Engine, told: Told, visitor: str) -> Iterator[bool]:
    asked = told.asked
    steps = engine.mitigate(asked.model, asked.messages, asked.mitigations, told.triggers, told.answered, visitor)
    return _placed(told, "mitigations", steps)


def _why_not(told: Told) -> str:
    """Why there is nothing to mitigate, "" if there is."""
    if told.asked.triggers is None:
        assert told.answered
        if not told.answered.verdict.refused:
            return "The model answers, so there is nothing to undo. To try mitigations all the same, click a word."
        if told.first is None:
            return "Without a word to blame there is nothing to mitigate."
    return "" if told.triggers else "No word is chosen. Click one to see what mitigations make of it."


def _placed(told: Told, place: str, steps: Iterator[Step]) -> Iterator[bool]:
    """Take up the steps, whose waiting, doing and failing is told in `place`; closing this closes them."""
    try:
        with closing(steps):  # type: ignore[type-var]  # an engine's steps are generators
            for step in steps:
                if isinstance(step, Waiting | Doing):
                    told.doing[place] = step
                elif not isinstance(step, Pulse):
                    _take(told, step, place)
                yield True
    except XsbError as error:
        told.failed[place] = str(error)
    finally:
        told.doing.pop(place, None)
    yield True


def _take(told: Told, step: Writing | Answered | Attributed | Tried, place: str) -> None:
    if isinstance(step, Writing):
        told.written = step.text
    elif isinstance(step, Answered):
        told.answered = step
    elif isinstance(step, Attributed):
        told.found[place] = step
    else:
        told.tried[_shown(step.result.name)] = step


def _shown(name: str) -> str:
    """A mitigation's name without guard and parameter."""
    return name.removeprefix("guard+").partition(":")[0]
