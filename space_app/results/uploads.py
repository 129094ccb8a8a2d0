"""The reports that visitors have added, in memory alone."""

from collections import OrderedDict
from collections.abc import Sequence
from secrets import token_hex
from threading import Lock

from space_app.results.run import Run

MOST = 100  # of all visitors together; the oldest goes


class Uploads:
    """Runs by a token that only the visitor's own page knows."""

    def __init__(self, most: int = MOST) -> None:
        """None so far."""
        self._most, self._lock, self._runs = most, Lock(), OrderedDict[str, Run]()

    def of(self, tokens: Sequence[str]) -> list[Run]:
        """What is still kept of them."""
        with self._lock:
            return [self._runs[token] for token in tokens if token in self._runs]

    def replace(self, tokens: Sequence[str], runs: Sequence[Run]) -> list[str]:
        """Forget those, and keep these; their tokens."""
        with self._lock:
            for token in tokens:
                self._runs.pop(token, None)
            new = [token_hex() for _ in runs]
            self._runs.update(zip(new, runs, strict=True))
            while len(self._runs) > self._most:
                self._runs.popitem(last=False)
            return new
