"""Any OpenAI-compatible endpoint, by text alone. No torch here.

A model answers greedily (temperature 0), one request per conversation. Retries with back-off, which heed Retry-After,
are the client's own; caching, concurrency limits and log-probabilities are not here yet.
"""

import json
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
from openai.types.chat import ChatCompletion

from eval.errors import InputError, ModelError
from eval.models.protocol import Reply
from eval.record import Conversation

CONCURRENT = 8


class OpenAIModel:
    """A chat model behind an endpoint; the key comes from OPENAI_API_KEY and is never shown or stored."""

    def __init__(self, name: str, base_url: str | None) -> None:
        """Prepare a client for `openai:NAME`; without `base_url`, OPENAI_BASE_URL or OpenAI's own endpoint."""
        self.name = name
        self._model = name.removeprefix("openai:")
        if not self._model:
            raise ModelError("openai: needs a model's name behind the colon, e.g. openai:gpt-4o-mini")
        self._client = connect(base_url)

    @property
    def facts(self) -> dict[str, str]:
        """The endpoint's host; dtype and revision are the provider's secret."""
        return {"revision": "unknown", "dtype": "unknown", "device": str(self._client.base_url.host)}

    def generate(self, conversations: Sequence[Conversation], max_new_tokens: int = 128) -> list[Reply]:
        """Greedy answers, in order.

        Raises:
            ModelError: the endpoint cannot be reached or refuses the request.
        """
        for messages in conversations:
            if not messages or not messages[-1].content.strip():
                raise InputError("the prompt is empty; give a text of at least one word")
        with ThreadPoolExecutor(CONCURRENT) as pool:
            return list(pool.map(lambda messages: self._answer(messages, max_new_tokens), conversations))

    def _answer(self, messages: Conversation, max_new_tokens: int) -> Reply:
        started = time.perf_counter()
        completion = complete(
            self._client,
            model=self._model,
            messages=[message.model_dump() for message in messages],
            max_tokens=max_new_tokens,
            temperature=0,
        )
        text = completion.choices[0].message.content or ""
        tokens = completion.usage.completion_tokens if completion.usage else 0
        return Reply(text=text.strip(), tokens=tokens, seconds=time.perf_counter() - started)


def connect(base_url: str | None, **options: Any) -> openai.OpenAI:
    """A client of the endpoint; without `base_url`, OPENAI_BASE_URL or OpenAI's own. `options` are the client's.

    Raises:
        ModelError: OpenAI's endpoint without a key, or an address that is none.
    """
    key = os.environ.get("OPENAI_API_KEY")
    if not key and not base_url and not os.environ.get("OPENAI_BASE_URL"):
        raise ModelError("no OPENAI_API_KEY is set; set it, or give the --base-url of an endpoint without keys")
    if base_url and not base_url.startswith(("http://", "https://")):
        raise ModelError(f"--base-url {base_url!r} is no address; write one like http://127.0.0.1:8000/v1")
    try:
        return openai.OpenAI(base_url=base_url, api_key=key or "none", **options)
    except Exception as error:  # the HTTP library's own error for an address that is none
        raise ModelError(
            f"--base-url {base_url!r} is no address ({_line(error)}); e.g. http://127.0.0.1:8000/v1"
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


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
