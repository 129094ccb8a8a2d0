"""Turns: one model in memory, nobody overtaken, and whoever loads in vain harms nobody."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from time import monotonic, sleep

import pytest

from eval.errors import ModelError, XsbError
from eval.models.transformers import TransformersModel
from space_app.engine import turns
from space_app.engine.loaded import Loaded, Remote
from space_app.engine.steps import Doing, Waiting
from space_app.engine.turns import Turns
from space_app.engine.visit import Gone, Visit
from space_app.settings import ModelChoice

A, B = ModelChoice(name="a"), ModelChoice(name="b")


class Desk:
    """Turns before the models a and b, in which visitors sit until they are let go."""

    def __init__(self, load: Callable[[ModelChoice], Loaded]) -> None:
        self.turns, self.pool = Turns(load), ThreadPoolExecutor(16)
        self.seated: list[str] = []

    def comes(self, name: str, choice: ModelChoice) -> tuple[Visit, Event]:
        visit, go = Visit(), Event()
        line = len(self.turns._line)

        def sit() -> None:
            with self.turns.seat(choice, visit):
                self.seated.append(name)
                go.wait(10)

        self.pool.submit(sit)
        until(lambda: len(self.turns._line) > line or name in self.seated)
        return visit, go


def until(seen: Callable[[], bool]) -> None:
    end = monotonic() + 10
    while not seen():
        assert monotonic() < end, "it does not come"
        sleep(0.01)


def told(visit: Visit) -> list[object]:
    return [visit.told.get_nowait() for _ in range(visit.told.qsize())]


def test_those_who_want_the_same_sit_together_and_nobody_is_overtaken(tiny: TransformersModel) -> None:
    loads: list[str] = []

    def load(choice: ModelChoice) -> Loaded:
        loads.append(choice.name)
        return Remote(tiny, 64)

    desk = Desk(load)
    first, go_first = desk.comes("first", A)
    until(lambda: desk.seated == ["first"])
    _, go_second = desk.comes("second", A)
    until(lambda: desk.seated == ["first", "second"])
    other, go_other = desk.comes("other", B)
    last, go_last = desk.comes("last", A)
    until(lambda: last.told.qsize() > 0)
    assert desk.seated == ["first", "second"] and loads == ["a"], "the last waits behind who wants another model"
    go_first.set()
    go_second.set()
    until(lambda: "other" in desk.seated)
    assert loads == ["a", "b"] and "last" not in desk.seated
    go_other.set()
    until(lambda: "last" in desk.seated)
    go_last.set()
    desk.pool.shutdown()
    assert loads == ["a", "b", "a"]
    assert told(first) == [Doing("loading a")]
    steps = told(other)
    assert steps[0] == Waiting(2) and steps[-1] == Doing("loading b")
    assert told(last)[0] == Waiting(3)


def test_who_gives_up_in_the_line_leaves_it(tiny: TransformersModel) -> None:
    desk = Desk(lambda _: Remote(tiny, 64))
    _, go = desk.comes("first", A)
    until(lambda: desk.seated == ["first"])
    visit, _ = desk.comes("other", B)
    visit.gone.set()
    until(lambda: len(desk.turns._line) == 1)
    _, go_last = desk.comes("last", A)
    until(lambda: desk.seated == ["first", "last"])
    go.set()
    go_last.set()
    desk.pool.shutdown()


def test_a_model_that_cannot_be_loaded_is_told_and_the_next_one_served(tiny: TransformersModel) -> None:
    def load(choice: ModelChoice) -> Loaded:
        if choice == B:
            raise ModelError("b is gated")
        return Remote(tiny, 64)

    found = Turns(load)
    with pytest.raises(ModelError, match="b is gated"), found.seat(B, Visit()):
        pass
    with found.seat(A, Visit()) as loaded:
        assert loaded.model is tiny
    with pytest.raises(ModelError), found.seat(B, Visit()):
        pass
    with found.seat(A, Visit()) as loaded:
        assert loaded.model is tiny
    assert not found._line


def test_the_line_has_an_end(tiny: TransformersModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "MOST", 2)
    found = Turns(lambda _: Remote(tiny, 64))
    full = pytest.raises(XsbError, match="2 visitors are waiting already; try again")
    with found.seat(A, Visit()), found.seat(A, Visit()), full, found.seat(A, Visit()):
        pass
    with found.seat(A, Visit()):
        pass


def test_nobody_loads_for_who_is_gone(tiny: TransformersModel) -> None:
    loads: list[str] = []

    def load(choice: ModelChoice) -> Loaded:
        loads.append(choice.name)
        return Remote(tiny, 64)

    found, visit = Turns(load), Visit()
    visit.gone.set()
    with pytest.raises(Gone), found.seat(A, visit):
        pass
    assert not loads
    with found.seat(A, Visit()):
        assert loads == ["a"]
