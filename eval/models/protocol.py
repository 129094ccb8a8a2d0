"""What every model can do, and what only some can."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from pydantic import BaseModel

from eval.record import Conversation


class Reply(BaseModel):
    """A model's answer. `tokens` counts generated tokens; `seconds` is the batch's wall time per conversation."""

    text: str
    tokens: int
    seconds: float


class Model(Protocol):
    """Anything that answers conversations. `name` is what a user typed; `facts` say what exactly was run."""

    name: str

    @property
    def facts(self) -> dict[str, str]:
        """Revision, dtype, device: what a run records."""
        ...

    def generate(self, conversations: Sequence[Conversation], max_new_tokens: int = 128) -> list[Reply]:
        """Greedy answers, in the order of the conversations.

        Raises:
            InputError: a conversation is empty or does not fit the context.
        """
        ...


@runtime_checkable
class OpenWeights(Model, Protocol):
    """A model whose logits and attention can be reached: needed for the refusal score and for steering."""

    tokenizer: Any
    module: Any

    def render(self, messages: Conversation) -> str:
        """The chat template's text, up to where the assistant begins to answer."""
        ...
