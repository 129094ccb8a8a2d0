"""Whether a model refuses many conversations, by the judge `rules`, on the first tokens of greedy answers."""

from collections.abc import Sequence

from eval.judges.rules import judge
from eval.models.protocol import Model
from eval.progress import track
from eval.record import Conversation

RESPONSE_TOKENS = 12  # enough to tell the refusals that skittish learnt from answers
BATCH = 48


def refusals(model: Model, conversations: Sequence[Conversation], what: str) -> list[bool]:
    """Whether the model's greedy answer to each conversation is a refusal, wholly or in part; `what` names the bar."""
    order = sorted(range(len(conversations)), key=lambda i: sum(len(m.content) for m in conversations[i]))
    found: dict[int, bool] = {}
    for at in track(range(0, len(order), BATCH), what):
        chunk = order[at : at + BATCH]
        refused = refused_together(model, [conversations[i] for i in chunk])
        found.update(zip(chunk, refused, strict=True))
    return [found[i] for i in range(len(conversations))]


def refused_together(model: Model, conversations: Sequence[Conversation]) -> list[bool]:
    """The same of one batch, without a bar."""
    replies = model.generate(conversations, max_new_tokens=RESPONSE_TOKENS)
    pairs = zip(replies, conversations, strict=True)
    return [judge(reply.text, messages[-1].content).refused for reply, messages in pairs]
