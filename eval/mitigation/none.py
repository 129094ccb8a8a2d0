"""none: the model as it is, the baseline of every comparison."""

from collections.abc import Sequence

from eval.mitigation.attempt import Attempt
from eval.models.protocol import Model
from eval.record import Conversation, Span


def none(
    model: Model, conversations: Sequence[Conversation], triggers: Sequence[list[Span]], max_new_tokens: int
) -> list[Attempt]:
    """Answer; the triggers are not needed."""
    del triggers
    replies = model.generate(conversations, max_new_tokens)
    return [Attempt(sent=sent, reply=reply) for sent, reply in zip(conversations, replies, strict=True)]
