"""How often a visitor may ask, and how much at once."""

import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from eval.errors import XsbError

MINUTE = 60.0
VISITORS = 10_000  # that are remembered


class Together:
    """How many questions of each visitor are under way, so that nobody takes all places."""

    def __init__(self, most: int) -> None:
        """So many at once."""
        self._most, self._lock, self._now = most, Lock(), Counter[str]()

    @contextmanager
    def one(self, visitor: str) -> Iterator[None]:
        """While a question is under way; raises `XsbError` where it is one too many."""
        with self._lock:
            if self._now[visitor] >= self._most:
                raise XsbError(f"this Space works on {self._most} questions of a visitor at once; wait for one of them")
            self._now[visitor] += 1
        try:
            yield
        finally:
            with self._lock:
                self._now[visitor] -= 1
                self._now += Counter()  # forgets who has none


class Rate:
    """How often each visitor may ask in a minute that slides along; the last `VISITORS` of them are remembered."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        """So many; `clock` gives seconds."""
        self._most, self._clock, self._lock = per_minute, clock, Lock()
        self._asked: OrderedDict[str, deque[float]] = OrderedDict()

    def count(self, visitor: str) -> None:
        """Count a question; raise `XsbError` where it is one too many, which is not counted."""
        with self._lock:
            now = self._clock()
            asked = self._asked.setdefault(visitor, deque())
            self._asked.move_to_end(visitor)
            if len(self._asked) > VISITORS:
                self._asked.popitem(last=False)
            while asked and asked[0] <= now - MINUTE:
                asked.popleft()
            if len(asked) >= self._most:
                wait = int(asked[0] + MINUTE - now) + 1
                raise XsbError(f"this Space takes {self._most} questions a minute from a visitor; wait {wait} s")
            asked.append(now)
