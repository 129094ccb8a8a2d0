"""Asks a language model many things at once, and pays for no answer twice: every answer is kept in a `Ledger`.

Through the `openai` client, at any compatible endpoint. Structured output where the endpoint has it; where it refuses
the schema, without. The client retries with back-off what fails on the way.
"""

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple, Self

from pydantic import BaseModel

from builder.llm.ledger import Call, Ledger
from eval.models.openai import connect
from eval.models.structured import Structured
from eval.record import Conversation

RETRIES = 8
TIMEOUT = 300.0
BYTES_PER_TOKEN = 2  # fewer than in any language that is written with letters


class Request(NamedTuple):
    """A conversation, the seed to sample with, and a name by which the asker knows it again."""

    name: str
    messages: Conversation
    seed: int

    @property
    def turns(self) -> list[dict[str, str]]:
        """The messages as endpoints take them."""
        return [message.model_dump() for message in self.messages]


class Asked(NamedTuple):
    """What is under way: the requests that one answer is for, and the most tokens that it can take."""

    key: str
    requests: list[Request]
    most: int


Running = dict[Future[Call], Asked]


class Limits(NamedTuple):
    """How much may be asked at once, and paid for in all (tokens of prompts and answers; None is no limit)."""

    concurrency: int = 8
    max_tokens_total: int | None = None


class Endpoint:
    """A model behind an address; a context, which closes its connections."""

    def __init__(
        self, model: str, base_url: str | None, *, schema: type[BaseModel] | None = None, max_tokens: int,
        timeout: float = TIMEOUT, temperature: float = 1.0,
    ) -> None:  # fmt: skip
        """Prepare a client.

        Args:
            model: the endpoint's name of it.
            base_url: the address; without one, OPENAI_BASE_URL or OpenAI's own.
            schema: of the answers; None for free text.
            max_tokens: of one answer.
            timeout: seconds after which a request counts as failed and is repeated.
            temperature: of sampling; 0 is greedy.

        Raises:
            ModelError: no key, or an address that is none.
        """
        self.model = model
        self._client = connect(base_url, max_retries=RETRIES, timeout=timeout)
        self._max_tokens, self._temperature = max_tokens, temperature
        self._structured = Structured(schema)
        self._per_byte = 1 / BYTES_PER_TOKEN

    def __enter__(self) -> Self:
        """The endpoint itself; its connections are closed when the context ends."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._client.close()

    @property
    def host(self) -> str:
        """The endpoint's host."""
        return str(self._client.base_url.host)

    def key(self, request: Request) -> str:
        """A digest of model, messages and seed: what is the same in all of them is not paid for again."""
        return sha256(json.dumps([self.model, request.turns, request.seed]).encode()).hexdigest()[:16]

    def most(self, request: Request) -> int:
        """How many tokens the request and its answer take at most, by what earlier requests took."""
        return int(self._per_byte * _size(request)) + 1 + self._max_tokens

    def ask(self, request: Request) -> Call:
        """One answer.

        Raises:
            ModelError: the endpoint cannot be reached or refuses the request, also after retries.
        """
        completion = self._structured.complete(
            self._client,
            model=self.model,
            messages=request.turns,
            max_tokens=self._max_tokens,
            temperature=self._temperature,
            seed=request.seed,
        )
        usage, choice = completion.usage, completion.choices[0]
        if usage:  # more than was seen, since another prompt may be denser
            seen = 1.1 * usage.prompt_tokens / _size(request)
            self._per_byte = seen if self._per_byte == 1 / BYTES_PER_TOKEN else max(self._per_byte, seen)
        return Call(
            key=self.key(request),
            date=now(),
            seed=request.seed,
            content=choice.message.content or "",
            finish=choice.finish_reason,
            prompt_tokens=usage.prompt_tokens if usage else 0,
            completion_tokens=usage.completion_tokens if usage else 0,
        )


def now() -> str:
    """The date of an answer: UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def ask_all(
    endpoint: Endpoint, requests: Iterable[Request], ledger: Ledger, limits: Limits
) -> Iterator[tuple[Request, Call]]:
    """The requests with their answers, as they come in; those in the ledger or under way without asking again.

    Stops early, with `ledger.exhausted`, where another request could exceed the limit on tokens.

    Raises:
        ModelError: a request failed for good; the answers to those that were under way are in the ledger.
    """
    running: Running = {}
    with ThreadPoolExecutor(limits.concurrency) as pool:
        try:
            for request in requests:
                key = endpoint.key(request)
                if known := ledger.calls.get(key):
                    yield request, known
                    continue
                if under_way := next((asked for asked in running.values() if asked.key == key), None):
                    under_way.requests.append(request)
                    continue
                most = endpoint.most(request)
                while running and (len(running) >= limits.concurrency or _too_much(ledger, running, most, limits)):
                    yield from _next(running, ledger)
                if _too_much(ledger, running, most, limits):
                    ledger.exhausted = True
                    break
                running[pool.submit(endpoint.ask, request)] = Asked(key, [request], most)
            while running:
                yield from _next(running, ledger)
        finally:
            for future in running:  # paid for, so kept, whatever happened to the others
                if not future.exception():
                    ledger.add(future.result())


def _next(running: Running, ledger: Ledger) -> list[tuple[Request, Call]]:
    """Keep the answers that have come in, at least one, before any failure is told."""
    done = {future: running.pop(future) for future in wait(running, return_when=FIRST_COMPLETED).done}
    calls = {future: ledger.add(future.result()) for future in done if not future.exception()}
    for future in done:
        future.result()
    return [(request, calls[future]) for future, asked in done.items() for request in asked.requests]


def _too_much(ledger: Ledger, running: Running, most: int, limits: Limits) -> bool:
    total = limits.max_tokens_total
    return total is not None and sum(ledger.paid) + sum(asked.most for asked in running.values()) + most > total


def _size(request: Request) -> int:
    """Bytes of the texts; roles and the chat template's own tokens are counted as a few more."""
    return sum(len(message.content.encode()) + 50 for message in request.messages)
