"""Any OpenAI-compatible endpoint, by text alone. No torch here.

A model answers greedily (temperature 0) unless told otherwise, one request per conversation. Retries with back-off,
which heed Retry-After, are the client's own; caching and concurrency limits are not here yet.
"""

import json
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import openai
from openai.types.chat import ChatCompletion
from openai.types.chat.chat_completion_token_logprob import ChatCompletionTokenLogprob, TopLogprob

from eval.errors import InputError, ModelError
from eval.models.protocol import Beginning, Reply, Step
from eval.record import Conversation

CONCURRENT = 8
FILTERED = "content_filter"  # as a reason to stop, and as an error's code
TOP = 20  # log-probabilities per token, the most that OpenAI's interface has
Asked = TypeVar("Asked")


class OpenAIModel:
    """A chat model behind an endpoint; the key comes from OPENAI_API_KEY and is never shown or stored."""

    def __init__(self, name: str, base_url: str | None, api_key: str | None = None) -> None:
        """Prepare a client for `openai:NAME`; without `base_url`, OPENAI_BASE_URL or OpenAI's own endpoint."""
        self.name = name
        self._model = name.removeprefix("openai:")
        if not self._model:
            raise ModelError("openai: needs a model's name behind the colon, e.g. openai:gpt-4o-mini")
        self._client = connect(base_url, **({"api_key": api_key} if api_key else {}))

    @property
    def facts(self) -> dict[str, str]:
        """The endpoint's host; dtype and revision are the provider's secret."""
        return {"revision": "unknown", "dtype": "unknown", "device": str(self._client.base_url.host)}

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

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
            ModelError: the endpoint cannot be reached or refuses the request.
        """
        if not temperature:
            return self._each(conversations, lambda messages: self._answer(messages, max_new_tokens))
        draws = [{"temperature": temperature, "seed": seed} for seed in seeds]
        return self._each(conversations, lambda *asked: self._answer(asked[0], max_new_tokens, **asked[1]), draws)

    def beginnings(self, conversations: Sequence[Conversation], max_new_tokens: int) -> list[Beginning] | None:
        """How the greedy answers begin, in order, each token with its most likely rivals.

        None if the endpoint says that it tells no log-probabilities (by a status such as 400, 403 or 422), or tells
        none.

        Raises:
            ModelError: the endpoint cannot be reached or fails.
        """
        try:
            found = self._each(conversations, lambda messages: self._beginning(messages, max_new_tokens))
        except ModelError as error:
            if isinstance(error.__cause__, openai.RateLimitError) or not _blamed_on_the_request(error.__cause__):
                raise
            return None
        told = [beginning for beginning in found if beginning]
        return told if len(told) == len(found) else None

    def _each(self, conversations: Sequence[Conversation], ask: Callable[..., Asked], *more: list[Any]) -> list[Asked]:
        for messages in conversations:
            if not messages or not messages[-1].content.strip():
                raise InputError("the prompt is empty; give a text of at least one word")
        with ThreadPoolExecutor(CONCURRENT) as pool:
            return list(pool.map(ask, conversations, *more))

    def _answer(self, messages: Conversation, max_new_tokens: int, **draw: Any) -> Reply:
        started = time.perf_counter()
        try:
            completion = self._complete(messages, max_new_tokens, **draw)
        except ModelError as error:
            if not filtered(error):
                raise
            return Reply(text="", tokens=0, seconds=time.perf_counter() - started, finish=FILTERED)
        choice, usage = completion.choices[0], completion.usage
        return Reply(
            text=(choice.message.content or "").strip(),  # and never the provider's field of reasoning
            tokens=usage.completion_tokens if usage else 0,
            seconds=time.perf_counter() - started,
            prompt_tokens=usage.prompt_tokens if usage else 0,
            finish=choice.finish_reason or "",
        )

    def _beginning(self, messages: Conversation, max_new_tokens: int) -> Beginning | None:
        completion = self._complete(messages, max_new_tokens, logprobs=True, top_logprobs=TOP)
        told = completion.choices[0].logprobs
        if told is None or told.content is None or not all(token.top_logprobs for token in told.content):
            return None
        steps = [
            Step(_utf8(token), token.logprob, [(_utf8(rival), rival.logprob) for rival in token.top_logprobs])
            for token in told.content
        ]
        return Beginning(steps, completion.usage.total_tokens if completion.usage else 0)

    def _complete(self, messages: Conversation, max_new_tokens: int, **more: Any) -> ChatCompletion:
        return complete(
            self._client,
            model=self._model,
            messages=[message.model_dump() for message in messages],
            max_tokens=max_new_tokens,
            **{"temperature": 0, **more},
        )


def connect(base_url: str | None, option: str = "--base-url", **options: Any) -> openai.OpenAI:
    """A client of the endpoint; without `base_url`, OPENAI_BASE_URL or OpenAI's own. `options` are the client's.

    `option` is where a user writes the address.

    Raises:
        ModelError: OpenAI's endpoint without a key, or an address that is none.
    """
    key = os.environ.get("OPENAI_API_KEY")
    if not key and not base_url and not os.environ.get("OPENAI_BASE_URL"):
        raise ModelError(f"no OPENAI_API_KEY is set; set it, or give the {option} of an endpoint without keys")
    if base_url and not base_url.startswith(("http://", "https://")):
        raise ModelError(f"{option} {base_url!r} is no address; write one like http://127.0.0.1:8000/v1")
    try:
        return openai.OpenAI(base_url=base_url, **{"api_key": key or "none", **options})
    except Exception as error:  # the HTTP library's own error for an address that is none
        raise ModelError(
            f"{option} {base_url!r} is no address ({_line(error)}); e.g. http://127.0.0.1:8000/v1"
        ) from error


def complete(client: openai.OpenAI, **request: Any) -> ChatCompletion:
    """One chat completion; an answer whose JSON ends too early is asked for again, as often as the client retries.

    Raises:
        ModelError: the endpoint cannot be reached, refuses the request, or does not answer as an OpenAI endpoint.
            The cause is an `openai.APIStatusError` where there was a status.
    """
    name = f"{request['model']} at {client.base_url}"
    for left in range(client.max_retries, -1, -1):
        try:
            completion: Any = client.chat.completions.create(**request)
            break
        except openai.APIStatusError as error:
            raise ModelError(f"{name}: {error.status_code}, {_line(error)}") from error
        except openai.APIError as error:
            raise ModelError(f"{name}: no answer ({_line(error)}); is the server running?") from error
        except json.JSONDecodeError as error:  # the client retries what does not arrive, not what arrives torn
            if not left:
                raise ModelError(f"{name}: answers with broken JSON ({_line(error)})") from error
    if not isinstance(completion, ChatCompletion) or not completion.choices:
        raise ModelError(f"{client.base_url} does not answer as an OpenAI endpoint; does --base-url end in /v1?")
    return completion


def filtered(error: ModelError) -> bool:
    """Whether a provider's content filter stopped the request, which it may tell by an HTTP error's code."""
    return isinstance(error.__cause__, openai.APIStatusError) and error.__cause__.code == FILTERED


def _blamed_on_the_request(cause: BaseException | None) -> bool:
    return isinstance(cause, openai.APIStatusError) and 400 <= cause.status_code < 500


def _utf8(token: ChatCompletionTokenLogprob | TopLogprob) -> bytes:
    """The token's text; its bytes where they are told, since a token may hold half a character."""
    return bytes(token.bytes) if token.bytes else token.token.encode(errors="replace")


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
