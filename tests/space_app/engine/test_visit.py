"""A visitor's call without a model: steps, errors in one line, and what happens when nobody listens any more."""

import logging
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Event

import pytest

from eval.errors import InputError, ModelError
from space_app.engine.steps import Doing, Pulse, Waiting
from space_app.engine.visit import Gone, Visit, follow


def test_steps_come_in_order() -> None:
    def work(visit: Visit) -> None:
        for at in range(3):
            visit.tell(Doing("counting", at, 3))

    assert list(follow(work)) == [Doing("counting", at, 3) for at in range(3)]


def test_an_error_for_the_visitor_is_raised_after_the_steps_before_it() -> None:
    def work(visit: Visit) -> None:
        visit.tell(Doing("reading"))
        raise InputError("shorten it")

    steps = follow(work)
    assert next(steps) == Doing("reading")
    with pytest.raises(InputError, match="shorten it"):
        next(steps)


def test_any_other_error_is_one_line_that_says_nothing_of_the_prompt(caplog: pytest.LogCaptureFixture) -> None:
    def work(_visit: Visit) -> None:
        raise RuntimeError("my secret prompt")

    with caplog.at_level(logging.ERROR), pytest.raises(ModelError, match="try another prompt") as error:
        list(follow(work))
    assert "secret" not in caplog.text + str(error.value)
    assert "RuntimeError" in caplog.text


@pytest.mark.parametrize("waits", ["event", "queue", "future"])
def test_closing_ends_whatever_the_thread_waits_for(waits: str) -> None:
    ended = Event()

    def work(visit: Visit) -> None:
        visit.tell(Doing("waiting"))
        try:
            if waits == "event":
                visit.until(Event())
            elif waits == "queue":
                visit.next(SimpleQueue())
            else:
                visit.result(Future())
        except Gone:
            ended.set()
            raise

    steps = follow(work)
    next(steps)
    steps.close()  # type: ignore[attr-defined]  # it is a generator
    assert ended.wait(5)


def test_places_are_told_when_they_change() -> None:
    visit, places, turn = Visit(), iter([2, 2, 1, 0, 0]), Event()

    def before() -> int:
        try:
            return next(places)
        except StopIteration:
            turn.set()
            return 0

    visit.before = before
    visit.until(turn)
    told = [visit.told.get_nowait() for _ in range(visit.told.qsize())]
    assert told == [Waiting(2), Waiting(1), Waiting(0)]


def test_who_listens_is_given_the_chance_to_leave_while_nothing_is_told() -> None:
    ended = Event()

    def work(visit: Visit) -> None:
        try:
            visit.until(Event())
        except Gone:
            ended.set()
            raise

    steps = follow(work)
    assert next(steps) == Pulse()
    steps.close()  # type: ignore[attr-defined]  # it is a generator
    assert ended.wait(5)
