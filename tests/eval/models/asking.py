"""What tests of endpoints ask, and what is answered."""

from typing import Any

from eval.record import Conversation, conversation
from tests.scripted import Script, completion

GOOD = completion("Sure.")


def asked(count: int) -> list[Conversation]:
    return [conversation(f"Question {i}?") for i in range(count)]


def after(*told: tuple[int, Any]) -> Script:
    """These in turn, and then good answers."""
    left = list(told)
    return lambda _: left.pop(0) if left else GOOD
