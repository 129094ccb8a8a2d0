"""Any OpenAI-compatible endpoint, by text alone. No torch here.

Greedy (temperature 0), one request per conversation. Retries are the client's own; caching, concurrency limits and
log-probabilities are not here yet.
"""

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import openai

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
        key = os.environ.get("OPENAI_API_KEY")
        if not key and not base_url and not os.environ.get("OPENAI_BASE_URL"):
            raise ModelError("no OPENAI_API_KEY is set; set it, or give the --base-url of an endpoint without keys")
        try:
            self._client = openai.OpenAI(base_url=base_url, api_key=key or "none")
        except Exception as error:  # the HTTP library's own error for an address that is none
            raise ModelError(
                f"--base-url {base_url!r} is no address ({_line(error)}); e.g. http://127.0.0.1:8000/v1"
            ) from error

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
        try:
            completion = self._client.chat.completions.create(
                model=self._model,
                messages=[{"role": m.role, "content": m.content} for m in messages],  # type: ignore[misc]  # role is a union
                max_tokens=max_new_tokens,
                temperature=0,
            )
        except openai.APIStatusError as error:
            raise ModelError(f"{self.name} at {self._client.base_url}: {error.status_code}, {_line(error)}") from error
        except openai.APIError as error:
            raise ModelError(
                f"{self.name}: no answer from {self._client.base_url} ({_line(error)}); is the server running?"
            ) from error
        if not hasattr(completion, "choices"):
            raise ModelError(
                f"{self._client.base_url} does not answer as an OpenAI endpoint; does --base-url end in /v1?"
            )
        text = (completion.choices[0].message.content or "") if completion.choices else ""
        tokens = completion.usage.completion_tokens if completion.usage else 0
        return Reply(text=text.strip(), tokens=tokens, seconds=time.perf_counter() - started)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
