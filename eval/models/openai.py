"""A chat model behind any OpenAI-compatible endpoint, by text, or by the few log-probabilities that it tells. No torch.

A model answers greedily (temperature 0) unless told otherwise, one request per conversation, several at a time.
"""

from collections.abc import Sequence
from typing import Any

from eval.errors import EndpointError, InputError, ModelError
from eval.models.account import Account
from eval.models.budget import Limits
from eval.models.client import TIMEOUT
from eval.models.endpoint import RETRIES, Endpoint, Request
from eval.models.failures import meaning
from eval.models.ledger import Call
from eval.models.logprobs import TOP
from eval.models.protocol import ENDPOINT, Beginning, Reply
from eval.record import Conversation


class OpenAIModel:
    """A chat model behind an endpoint; the key is given or comes from OPENAI_API_KEY, and is never shown or stored."""

    def __init__(
        self, name: str, base_url: str | None = None, api_key: str | None = None, *,
        concurrency: int = Limits().concurrency, retries: int = RETRIES, timeout: float = TIMEOUT,
    ) -> None:  # fmt: skip
        """Prepare to ask.

        Args:
            name: `openai:NAME`, NAME being the endpoint's name of the model.
            base_url: without one OPENAI_BASE_URL or OpenAI's own endpoint.
            api_key: without one OPENAI_API_KEY.
            concurrency: of requests, where no account is open (`eval.models.account`).
            retries: how often a request that fails is asked again.
            timeout: seconds of an answer.

        Raises:
            ModelError: no name, no key, or an address that is none.
        """
        self.name = name
        model = name.removeprefix(ENDPOINT)
        if not model:
            raise ModelError("openai: needs a model's name behind the colon, e.g. openai:gpt-4o-mini")
        account = Account(limits=Limits(concurrency))
        self.endpoint = Endpoint(model, base_url, api_key, retries=retries, timeout=timeout, account=account)
        self._tells = True  # log-probabilities, until it is known that it does not

    @property
    def facts(self) -> dict[str, str]:
        """The endpoint's host; dtype and revision are the provider's secret."""
        return {"revision": "unknown", "dtype": "unknown", "device": self.endpoint.host}

    def close(self) -> None:
        """Let go of the connections."""
        self.endpoint.close()

    def generate(
        self,
        conversations: Sequence[Conversation],
        max_new_tokens: int = 128,
        *,
        temperature: float = 0.0,
        seeds: Sequence[int] = (),
    ) -> list[Reply]:
        """Answers in order; seeds are passed on, and it is the endpoint's affair whether it heeds them.

        Raises:
            EndpointError: nobody can be asked: the endpoint is down, the key is wrong, the budget is spent.
            ModelError: the endpoint refuses a request; the others are answered.
            InputError: a conversation is empty.
        """
        draws = [{"temperature": temperature, "seed": seed} for seed in seeds] if temperature else []
        requests = [request(messages, max_new_tokens) for messages in conversations]
        drawn = [{**one, **draw} for one, draw in zip(requests, draws, strict=True)] if temperature else requests
        return [
            Reply(
                text=call.content.strip(),  # and never the provider's field of reasoning
                tokens=call.completion_tokens,
                seconds=call.seconds,
                prompt_tokens=call.prompt_tokens,
                finish=call.finish,
                served=call.served,
            )
            for call in self._each(drawn)
        ]

    def beginnings(self, conversations: Sequence[Conversation], max_new_tokens: int) -> list[Beginning] | None:
        """How the greedy answers begin, in order, each token with its most likely rivals.

        None if the endpoint says that it tells no log-probabilities (by a status such as 400, 403 or 422), or tells
        none.

        Raises:
            ModelError: the endpoint cannot be reached or fails.
        """
        if not self._tells:
            return None
        more = {"logprobs": True, "top_logprobs": TOP}
        try:
            calls = self._each([{**request(messages, max_new_tokens), **more} for messages in conversations])
        except ModelError as error:
            if not _blamed_on_the_request(error.__cause__):
                raise
            self._tells = "logprob" not in str(error)
            return None
        told = [call for call in calls if call.steps is not None]
        self._tells = bool(told) or not any(call.content for call in calls)
        found = [Beginning(call.steps or [], call.prompt_tokens + call.completion_tokens) for call in told]
        return found if len(found) == len(calls) else None

    def _each(self, requests: Sequence[Request]) -> list[Call]:
        found = self.endpoint.each(requests)
        errors = [one for one in found if isinstance(one, ModelError)]
        if errors:
            raise next((error for error in errors if isinstance(error, EndpointError)), errors[0])
        return [one for one in found if isinstance(one, Call)]


def request(messages: Conversation, max_new_tokens: int) -> dict[str, Any]:
    """What an endpoint is asked for a greedy answer.

    Raises:
        InputError: the last turn is empty.
    """
    if not messages or not messages[-1].content.strip():
        raise InputError("the prompt is empty; give a text of at least one word")
    turns = [message.model_dump() for message in messages]
    return {"messages": turns, "max_tokens": max_new_tokens, "temperature": 0}


def _blamed_on_the_request(cause: BaseException | None) -> bool:
    status = meaning(cause).status if cause else None
    return status is not None and 400 <= status < 500 and status not in (401, 408, 409, 429)
