"""What a mitigation gives back: what was sent and what the model answered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from eval.models.protocol import Model, Reply
from eval.record import Conversation, Span


@dataclass(frozen=True)
class Attempt:
    """One mitigated answer. `note` says why the mitigation could not be applied as meant, else it is empty."""

    sent: Conversation
    reply: Reply
    note: str = ""


Mitigation = Callable[[Model, Sequence[Conversation], Sequence[list[Span]], int], list[Attempt]]
