"""What a mitigation gives back: what was sent and what the model answered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from eval.errors import XsbError
from eval.models.protocol import Model, Reply
from eval.record import Conversation, Span


@dataclass(frozen=True)
class Attempt:
    """One mitigated answer.

    `note` says why the mitigation could not be applied as meant, else it is empty; `failed` that there is no answer.
    """

    sent: Conversation
    reply: Reply
    note: str = ""
    failed: bool = False


Mitigation = Callable[[Model, Sequence[Conversation], Sequence[list[Span]], int], list[Attempt]]


def attempts(
    mitigation: Mitigation,
    model: Model,
    conversations: Sequence[Conversation],
    triggers: Sequence[list[Span]],
    max_new_tokens: int,
) -> list[Attempt]:
    """One attempt per conversation, in one batch; where that fails one by one, so that a failure costs one answer."""
    try:
        return mitigation(model, conversations, triggers, max_new_tokens)
    except XsbError as error:
        if len(conversations) == 1:
            nothing = Reply(text="", tokens=0, seconds=0.0)
            return [Attempt(list(conversations[0]), nothing, note=str(error), failed=True)]
    pairs = zip(conversations, triggers, strict=True)
    return [attempts(mitigation, model, [one], [spans], max_new_tokens)[0] for one, spans in pairs]
