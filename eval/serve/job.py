"""An answer that is wanted of the model in this process: what it is to be, and how far it has come."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from eval.mitigation import Mitigation, Request
from eval.serve.parameters import Parameters
from eval.serve.wire import ApiError


@dataclass(frozen=True)
class Ended:
    """How an answer ended, and the tokens that were read and written."""

    finish: str
    prompt_tokens: int
    tokens: int


@dataclass(eq=False)
class Job:
    """An answer that is wanted. `tell` is called, in the thread, with pieces of text, then `Ended` or `ApiError`.

    `mitigations` act on it while it is written. `gone` ends it at the next token; `started` says that it has its turn.
    All below is the worker's: the tokens that are read and may be written, what the template begins the answer with,
    and whether some or all of the answer was told.
    """

    request: Request
    parameters: Parameters
    stream: bool
    mitigations: tuple[Mitigation, ...]
    tell: Callable[[str | Ended | ApiError], None]
    gone: threading.Event = field(default_factory=threading.Event)
    started: threading.Event = field(default_factory=threading.Event)
    prompt_tokens: int = 0
    tokens: int = 0
    thinks: str = ""
    told: bool = False
    ended: bool = False

    def say(self, text: str) -> None:
        """Tell more of the answer."""
        self.told = True
        self.tell(text)

    def end(self, how: Ended) -> None:
        """Tell that this was all of it."""
        self.told = self.ended = True
        self.tell(how)

    @property
    def acting(self) -> tuple[Mitigation, ...]:
        """The mitigations that change how the model runs."""
        return tuple(part for part in self.mitigations if part.acts)
