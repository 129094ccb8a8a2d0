"""One call of a visitor's: a thread of its own works for it, and tells steps, until it is done or nobody listens."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextvars import copy_context
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import TypeVar

from eval.errors import ModelError, XsbError
from space_app.engine.steps import Pulse, Step, Waiting

LOG = logging.getLogger(__name__)
POLL = 0.2  # seconds
PULSE = 0.5  # seconds
T = TypeVar("T")


class Gone(Exception):
    """Nobody listens any more."""


class Visit:
    """What the thread knows of who waits. `gone` once nobody does; `before` tells how many visitors come first."""

    def __init__(self) -> None:
        """A visit that has just begun."""
        self.gone = Event()
        self.before: Callable[[], int] = lambda: 0
        self.told: SimpleQueue[Step | XsbError | None] = SimpleQueue()
        self._last = 0

    def check(self) -> None:
        """Raise `Gone` if nobody listens any more."""
        if self.gone.is_set():
            raise Gone

    def tell(self, step: Step) -> None:
        """Pass a step on; raises `Gone`."""
        self.check()
        self.told.put(step)

    def wait(self) -> None:
        """Tell how many come before, if that has changed; raises `Gone`."""
        self.check()
        if (before := self.before()) != self._last:
            self._last = before
            self.tell(Waiting(before))

    def until(self, event: Event) -> None:
        """Wait for one's turn; raises `Gone`."""
        while not event.wait(POLL):
            self.wait()

    def next(self, queue: "SimpleQueue[T]") -> T:
        """What comes next; raises `Gone`."""
        while True:
            try:
                return queue.get(timeout=POLL)
            except Empty:
                self.check()

    def result(self, future: "Future[T]") -> T:
        """What comes of work; raises `Gone`, and what the work raised."""
        while not wait([future], POLL).done:
            self.check()
        return future.result()


def follow(work: Callable[[Visit], None]) -> Iterator[Step]:
    """What the work tells, step by step; closing this makes it end soon.

    Raises:
        XsbError: of the work. Any other error is told as one that visitors can do nothing about.
    """
    visit = Visit()
    thread = Thread(target=copy_context().run, args=(_run, work, visit), name="visit", daemon=True)
    thread.start()
    try:
        while (one := _next(visit.told)) is not None:
            if isinstance(one, XsbError):
                raise one
            yield one
    finally:
        visit.gone.set()


def _next(told: "SimpleQueue[Step | XsbError | None]") -> Step | XsbError | None:
    """What is told next, or a `Pulse`: who is to leave cannot while this waits."""
    try:
        return told.get(timeout=PULSE)
    except Empty:
        return Pulse()


def _run(work: Callable[[Visit], None], visit: Visit) -> None:
    try:
        work(visit)
    except Gone:
        pass
    except XsbError as error:
        visit.told.put(error)
    except Exception as error:  # its message may hold text of a prompt
        LOG.error("the engine failed: %s", type(error).__name__)
        visit.told.put(ModelError("this could not be computed; try another prompt, or tell the owner of this Space"))
    finally:
        visit.told.put(None)
