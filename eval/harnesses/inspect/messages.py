"""Inspect's messages and outputs in our words."""

from collections.abc import Sequence

from inspect_ai.model import ChatMessage, ModelOutput

from eval.models.failures import FILTERED
from eval.record import Conversation, Message

FINISH = {"stop": "stop", "max_tokens": "length", "model_length": "length", "content_filter": FILTERED}


def asked(messages: Sequence[ChatMessage]) -> Conversation:
    """The turns up to the user's last one, without tools; empty if the user says nothing."""
    last = max((at for at, message in enumerate(messages) if message.role == "user"), default=-1)
    return [
        Message(role=message.role, content=message.text) for message in messages[: last + 1] if message.role != "tool"
    ]


def finish(output: ModelOutput) -> str:
    """Why the answer ended, as in `eval.models.Reply`."""
    return "" if not output.choices else FINISH.get(output.stop_reason, "")
