"""What was fetched from elsewhere: one fetch at a time, and a failure is not tried again by every visitor."""

import time
from collections.abc import Callable
from math import inf
from threading import Lock
from typing import Generic, NamedTuple, TypeVar

from eval.errors import XsbError

T = TypeVar("T")


class _Kept(NamedTuple, Generic[T]):
    """What came of a fetch, a value or an error, and until when that holds."""

    found: T | XsbError
    until: float


class Held(Generic[T]):
    """What `fetch` gives for a name. Who asks while it is being fetched waits, and gets the same."""

    def __init__(
        self, fetch: Callable[[str], T], seconds: float = inf, failed: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """Nothing is fetched yet.

        Args:
            fetch: from a name; raises `XsbError`.
            seconds: that what was found holds.
            failed: seconds that a failure holds.
            clock: gives seconds.
        """
        self._fetch, self._seconds, self._failed, self._clock = fetch, seconds, failed, clock
        self._lock, self._locks = Lock(), dict[str, Lock]()
        self._kept: dict[str, _Kept[T]] = {}

    def get(self, name: str) -> T:
        """What is held, or fetched now.

        Raises:
            XsbError: of the fetch, or of one a short while ago.
        """
        with self._lock:
            own = self._locks.setdefault(name, Lock())
        with own:
            kept = self._kept.get(name)
            if kept is None or self._clock() >= kept.until:
                kept = self._kept[name] = self._fetched(name)
        if isinstance(kept.found, XsbError):
            raise kept.found.with_traceback(None)
        return kept.found

    def _fetched(self, name: str) -> _Kept[T]:
        try:
            found = self._fetch(name)
        except XsbError as error:
            return _Kept(error, self._clock() + self._failed)
        return _Kept(found, self._clock() + self._seconds)
