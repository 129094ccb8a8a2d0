"""What the engine tells while it works, and what it tells at the end: the tabs draw it, the API returns it."""

from dataclasses import dataclass

from pydantic import BaseModel

from eval.attribution import Attribution
from eval.diagnose import Mitigated
from eval.judges import Verdict
from eval.models.protocol import Reply


@dataclass(frozen=True)
class Waiting:
    """So many visitors come before."""

    before: int


@dataclass(frozen=True)
class Pulse:
    """Nothing is new; whoever listens may leave here."""


@dataclass(frozen=True)
class Doing:
    """What is being done, in words for the visitor: `attribution: 9 of 17 evaluations`; what is `done` of `total`."""

    text: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True)
class Writing:
    """The answer so far."""

    text: str


class Answered(BaseModel):
    """The model's answer as it is. `seconds` of wall time, waiting not counted."""

    reply: Reply
    verdict: Verdict
    seconds: float


class Attributed(BaseModel):
    """The words to blame."""

    found: Attribution
    seconds: float


class Guard(BaseModel):
    """Whether the guard lets a mitigation pass, and if not, why."""

    allowed: bool
    reason: str = ""


class Tried(BaseModel):
    """What a mitigation made of the prompt; `guard` is what the guard says, whether or not it was asked to act."""

    result: Mitigated
    guard: Guard
    seconds: float
    tokens: int


Step = Waiting | Pulse | Doing | Writing | Answered | Attributed | Tried
