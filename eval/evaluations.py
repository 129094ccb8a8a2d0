"""Who waits for a score is told, while it is computed, how many of its evaluations are done."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Told = Callable[[int, int], None]
"""How many are done, and how many have been asked for so far: methods that look at what they found ask for more."""

_TOLD: ContextVar[Told] = ContextVar("told", default=lambda _done, _asked: None)


@contextmanager
def counted(told: Told) -> Iterator[None]:
    """While open, scores that are computed in this context tell how far they are; who is told may raise to stop it."""
    token = _TOLD.set(told)
    try:
        yield
    finally:
        _TOLD.reset(token)


def count(done: int, asked: int) -> None:
    """Tell that so many of those that were asked for are done."""
    _TOLD.get()(done, asked)
