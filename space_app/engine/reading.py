"""How the guard's reader reads what visitors send: they may write every turn, where it knows requests of users."""

from dataclasses import replace

from eval.mitigation import Request
from eval.mitigation.guard import Decision, as_read
from eval.record import Message


def as_written(request: Request) -> Decision:
    """Whether it reads as harmless, both as it is and with all turns as if a user had asked them.

    Raises:
        ModelError: the reader's encoder is not installed.
    """
    asked = [Message(role="user", content=turn.content) for turn in request.sent]
    both = as_read([request, replace(request, sent=asked)])
    return next((one for one in both if not one.allowed), both[0])
