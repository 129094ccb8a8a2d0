"""Whether a model refuses many conversations, by the judge `rules`, on the first tokens of greedy answers."""

from collections.abc import Sequence

from eval.judges.rules import judge
from eval.models.protocol import Model
from eval.progress import track
from eval.record import Conversation

RESPONSE_TOKENS = 12  # enough to tell the refusals that skittish learnt from answers
BATCH = 48


def refusals(model: Model, conversations: Sequence[Conversation], what: str = "gates") -> list[bool]:
    """Whether the model's greedy answer to each conversation is a refusal, wholly or in part; `what` names the bar."""
    order = sorted(range(len(conversations)), key=lambda i: sum(len(m.content) for m in conversations[i]))
    found: dict[int, bool] = {}
    for at in track(range(0, len(order), BATCH), what):
        chunk = order[at : at + BATCH]
        replies = model.generate([conversations[i] for i in chunk], max_new_tokens=RESPONSE_TOKENS)
        found.update(
            {
                i: judge(reply.text, conversations[i][-1].content).refused
                for i, reply in zip(chunk, replies, strict=True)
            }
        )
    return [found[i] for i in range(len(conversations))]
