"""What one visitor may ask for: how much text, which mitigations, and how often."""

import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock

from eval.checks import check_conversation, check_names
from eval.errors import InputError, UnknownName, XsbError
from eval.mitigation import GUARD
from eval.record import Conversation, Span
from space_app.settings import Limits

OFFERED = ("ignore_word", "rephrase", "steer", "remove_direction", "system_prompt")
STEER = "steer"  # the only one with a parameter here: others' parameters name files and models
MOST_NAMES = 6
MOST_TRIGGERS = 20
MINUTE = 60.0
VISITORS = 10_000  # that are remembered


def check_messages(messages: Conversation, limits: Limits) -> None:
    """Raise `InputError` unless the conversation can be asked and is no longer than allowed."""
    check_conversation(messages)
    if len(messages) > limits.turns:
        raise InputError(f"the conversation has {len(messages)} turns; this Space takes {limits.turns}: drop some")
    characters = sum(len(message.content) for message in messages)
    if characters > limits.characters:
        raise InputError(f"the text has {characters} characters; this Space takes {limits.characters}: shorten it")
    if any(message.role == "system" for message in messages[1:]):
        raise InputError("only the first turn may be of role system; make the others user or assistant")


def check_mitigations(names: Sequence[str]) -> None:
    """Raise `XsbError` unless these are mitigations that visitors may ask for; no parameter may name a file or a model.

    They are those of `OFFERED`, `steer` with a strength (`steer:0.1`), several joined with a plus, and `guard+` before.
    """
    if not 0 < len(names) <= MOST_NAMES:
        raise InputError(f"{len(names)} mitigations are asked for; choose 1 to {MOST_NAMES}")
    if len(set(names)) < len(names):
        raise InputError("a mitigation is asked for twice; name each once")
    for name in names:
        for part in name.removeprefix(f"{GUARD}+").split("+"):
            kind, _, parameter = part.partition(":")
            if kind not in OFFERED:
                raise UnknownName("mitigation", kind[:40], OFFERED)
            if ":" in part and (kind != STEER or "@" in parameter or len(parameter) > 8):
                raise InputError(f"of the mitigations here only {STEER} has a parameter, a strength, as in steer:0.1")
    check_names(None, names)


def check_triggers(messages: Conversation, triggers: Sequence[Span]) -> None:
    """Raise `InputError` unless the triggers stand in the conversation."""
    if len(triggers) > MOST_TRIGGERS:
        raise InputError(f"{len(triggers)} triggers are chosen; choose at most {MOST_TRIGGERS}")
    for span in triggers:
        if span.turn >= len(messages) or not span.start < span.end <= len(messages[span.turn].content):
            raise InputError("a trigger does not stand in the conversation; choose words of it")


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
