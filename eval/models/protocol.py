"""What every model can do, and what only some can."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

from pydantic import BaseModel

from eval.record import Conversation

MAX_NEW_TOKENS = 128  # of an answer, where nobody says otherwise
ENDPOINT = "openai:"  # how the name of a model behind an endpoint begins


class Reply(BaseModel):
    """A model's answer. `tokens` counts generated tokens; `seconds` is the batch's wall time per conversation.

    `prompt_tokens` is what an endpoint says it has read, 0 where it says nothing; `finish` why the answer ended, in
    the words of OpenAI's interface (`stop`, `length`, `content_filter`), "" where that is not told; `served` what an
    endpoint says of the model that answered, "" where it says no more than was asked.
    """

    text: str
    tokens: int
    seconds: float
    prompt_tokens: int = 0
    finish: str = ""
    served: str = ""


class Step(NamedTuple):
    """One token of a greedy answer, as text in UTF-8, and the likeliest tokens in its place.

    Log-probabilities in nats; of the tokens that are not in `top` nothing is known.
    """

    token: bytes
    logprob: float
    top: list[tuple[bytes, float]]


class Beginning(NamedTuple):
    """The first steps of a greedy answer, and the tokens that the endpoint read and wrote for them."""

    steps: list[Step]
    tokens: int


Settled = Callable[[Conversation, str], bool]
"""Given a conversation and the beginning of its answer, whether the answer may end there."""


class Model(Protocol):
    """Anything that answers conversations. `name` is what a user typed; `facts` say what exactly was run."""

    name: str

    @property
    def facts(self) -> dict[str, str]:
        """Revision, dtype, device: what a run records."""
        ...

    def generate(
        self,
        conversations: Sequence[Conversation],
        max_new_tokens: int = 128,
        *,
        temperature: float = 0.0,
        seeds: Sequence[int] = (),
    ) -> list[Reply]:
        """Answers in the order of the conversations, greedy ones unless there is a temperature.

        Args:
            conversations: each ends in words of the user's.
            max_new_tokens: of an answer.
            temperature: above 0, answers are sampled from the model's distribution at this temperature.
            seeds: of the sampling, one for each conversation; equal ones give equal answers, whatever else is asked.

        Raises:
            InputError: a conversation is empty or does not fit the context.
        """
        ...


@runtime_checkable
class Logprobs(Model, Protocol):
    """A model that tells the log-probabilities of a few tokens, or may."""

    def beginnings(self, conversations: Sequence[Conversation], max_new_tokens: int) -> list[Beginning] | None:
        """How the greedy answers begin, in order; None if no log-probabilities are told."""
        ...


@runtime_checkable
class OpenWeights(Model, Protocol):
    """A model whose logits and attention can be reached: needed for the refusal score and for steering."""

    tokenizer: Any
    module: Any

    def generate(
        self,
        conversations: Sequence[Conversation],
        max_new_tokens: int = 128,
        *,
        temperature: float = 0.0,
        seeds: Sequence[int] = (),
        settled: Settled | None = None,
    ) -> list[Reply]:
        """As of every model; answers also end where they are `settled`."""
        ...

    def render(self, messages: Conversation) -> str:
        """The chat template's text, up to where the assistant begins to answer."""
        ...
