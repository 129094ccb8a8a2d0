"""Who may ask a model, and which is in memory: one at a time, and no visitor is overtaken by those who want another.

Visitors who want the model that is loaded are served together. The first who wants another waits until they are done,
and those who come later wait behind.
"""

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition
from typing import TYPE_CHECKING

from eval.errors import XsbError
from space_app.engine.steps import Doing
from space_app.engine.visit import POLL, Visit
from space_app.settings import ModelChoice

if TYPE_CHECKING:
    from space_app.engine.loaded import Loaded  # which imports torch

MOST = 48  # visitors, less than the page's threads, so that it goes on answering


class _Ticket:
    """A visitor in the line; `seated` once the model is there for them."""

    def __init__(self, choice: ModelChoice) -> None:
        self.choice, self.seated = choice, False


class Turns:
    """The line of visitors before the one model in memory."""

    def __init__(self, load: "Callable[[ModelChoice], Loaded]") -> None:
        """With nothing loaded."""
        self._load, self._changed = load, Condition()
        self._line: list[_Ticket] = []
        self._loaded: tuple[ModelChoice, Loaded] | None = None
        self._loading: ModelChoice | None = None

    @contextmanager
    def seat(self, choice: ModelChoice, visit: Visit) -> "Iterator[Loaded]":
        """The model, from one's turn until the block ends.

        Raises:
            XsbError: it cannot be loaded, or too many wait.
            Gone: nobody listens any more.
        """
        ticket = self._joined(choice)
        visit.before = lambda: self._before(ticket)
        try:
            yield self._seated(ticket, visit)
        finally:
            with self._changed:
                self._line.remove(ticket)
                self._changed.notify_all()

    def _joined(self, choice: ModelChoice) -> _Ticket:
        with self._changed:
            if len(self._line) >= MOST:
                raise XsbError(f"{len(self._line)} visitors are waiting already; try again in a minute")
            self._line.append(ticket := _Ticket(choice))
            return ticket

    def _before(self, ticket: _Ticket) -> int:
        with self._changed:
            return self._line.index(ticket)

    def _seated(self, ticket: _Ticket, visit: Visit) -> "Loaded":
        """Wait for the turn, and load the model if it is another than the last."""
        told = False
        while True:
            with self._changed:
                first = next(one for one in self._line if not one.seated)
                if first is ticket and not self._loading:
                    if self._loaded and self._loaded[0] == ticket.choice:
                        ticket.seated = True
                        self._changed.notify_all()
                        return self._loaded[1]
                    if not any(one.seated for one in self._line):
                        ticket.seated, self._loading = True, ticket.choice
                        break
                same = self._loading == ticket.choice
            if same and not told:
                visit.tell(_loading(ticket.choice))
            told = told or same
            visit.wait()
            with self._changed:
                self._changed.wait(POLL)
        return self._exchanged(ticket.choice, visit)

    def _exchanged(self, choice: ModelChoice, visit: Visit) -> "Loaded":
        """Drop the model in memory, then load the other."""
        try:
            visit.tell(_loading(choice))
            if self._loaded:
                self._loaded[1].close()
                self._loaded = None
                _free()
            self._loaded = (choice, self._load(choice))
            return self._loaded[1]
        finally:
            with self._changed:
                self._loading = None
                self._changed.notify_all()


def _loading(choice: ModelChoice) -> Doing:
    return Doing(f"loading {choice.name}")


def _free() -> None:
    """Give back what the dropped model held."""
    gc.collect()
    if torch := sys.modules.get("torch"):
        torch.cuda.empty_cache()
