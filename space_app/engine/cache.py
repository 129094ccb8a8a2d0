"""What was found lately, in memory alone: a prompt that comes again is answered at once."""

import json
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import sha256
from threading import Lock
from typing import TypeVar

from pydantic import BaseModel

from eval.record import Conversation

ENTRIES = 2000
BYTES = 32 * 2**20
Found = TypeVar("Found", bound=BaseModel)


class Cache:
    """The results that were used last, at most so many, and so many bytes of JSON; keys are digests of questions."""

    def __init__(self, entries: int = ENTRIES, size: int = BYTES) -> None:
        """Empty."""
        self._entries, self._size, self._lock = entries, size, Lock()
        self._kept: OrderedDict[str, tuple[BaseModel, int]] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._kept)

    def get(self, key: str, kind: type[Found]) -> Found | None:
        """What is kept under the key, None if there is nothing."""
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            found = self._kept[key][0]
        assert isinstance(found, kind)
        return found

    def keep(self, key: str, found: Found) -> Found:
        """Keep it, let go of what has not been used for longest, and give it back."""
        size = len(found.model_dump_json())
        with self._lock:
            if key in self._kept:
                self.bytes -= self._kept.pop(key)[1]
            self._kept[key] = (found, size)
            self.bytes += size
            while len(self._kept) > self._entries or self.bytes > self._size:
                self.bytes -= self._kept.popitem(last=False)[1][1]
        return found


def key(model: Sequence[str | None], messages: Conversation, *more: str) -> str:
    """A digest of what is asked: of whom, about which conversation, and how."""
    asked = [*model, [[message.role, message.content] for message in messages], *more]
    return sha256(json.dumps(asked).encode("utf-8", "surrogatepass")).hexdigest()
