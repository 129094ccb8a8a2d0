"""Asks a language model many things at once, and pays for no answer twice: every answer is kept in a `Ledger`.

At any endpoint that `eval.models.endpoint` reaches. Structured output where the endpoint has it; where it refuses the
schema, without.
"""

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from hashlib import sha256
from typing import NamedTuple, Self

from pydantic import BaseModel

import eval.models.endpoint as endpoints
from eval.errors import BudgetSpent, EndpointError, InputError
from eval.models.account import Account, Halt
from eval.models.budget import Limits
from eval.models.client import TIMEOUT
from eval.models.ledger import Call, Ledger
from eval.models.waiting import start
from eval.record import Conversation

RETRIES = endpoints.RETRIES

Running = dict[Future[Call], "Request"]


class Request(NamedTuple):
    """A conversation, the seed to sample with, and a name by which the asker knows it again."""

    name: str
    messages: Conversation
    seed: int

    @property
    def turns(self) -> list[dict[str, str]]:
        """The messages as endpoints take them."""
        return [message.model_dump() for message in self.messages]


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
            InputError: the model has no name.
            ModelError: no key, or an address that is none.
        """
        if not model.strip():
            raise InputError("--model is empty; give the name of the model at the endpoint")
        self.model = model
        self._endpoint = endpoints.Endpoint(model, base_url, schema=schema, retries=RETRIES, timeout=timeout)
        self._max_tokens, self._temperature = max_tokens, temperature

    def __enter__(self) -> Self:
        """The endpoint itself; its connections are closed when the context ends."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._endpoint.close()

    @property
    def host(self) -> str:
        """The endpoint's host."""
        return self._endpoint.host

    def key(self, request: Request) -> str:
        """A digest of model, messages and seed: what is the same in all of them is not paid for again."""
        return sha256(json.dumps([self.model, request.turns, request.seed]).encode()).hexdigest()[:16]

    def begin(self, request: Request, account: Account, halt: Halt) -> "Future[Call]":
        """Ask for one answer; errors as for `eval.models.endpoint.Endpoint.ask`."""
        asked = {
            "messages": request.turns, "max_tokens": self._max_tokens, "temperature": self._temperature,
            "seed": request.seed,
        }  # fmt: skip
        return start(self._endpoint.ask(asked, account, halt, self.key(request)))


def ask_all(
    endpoint: Endpoint, requests: Iterable[Request], ledger: Ledger, limits: Limits
) -> Iterator[tuple[Request, Call]]:
    """The requests with their answers, as they come in; those in the ledger or under way without asking again.

    Stops early, with `ledger.exhausted`, where another request could exceed the limit on tokens.

    Raises:
        ModelError: a request failed for good; the answers to those that were under way are in the ledger.
    """
    running: Running = {}
    account, halt = Account(ledger, limits), Halt()
    try:
        for request in requests:
            if ledger.exhausted:
                break
            running[endpoint.begin(request, account, halt)] = request
            if len(running) >= limits.concurrency:
                yield from _next(running)
        while running:
            yield from _next(running)
    finally:
        halt.append(EndpointError("nothing more is asked"))
        wait(running)  # paid for, so kept, whatever happened to the others


def _next(running: Running) -> list[tuple[Request, Call]]:
    """The answers that have come in, at least one, before any failure is told."""
    done = {future: running.pop(future) for future in wait(running, return_when=FIRST_COMPLETED).done}
    answered = [(request, future.result()) for future, request in done.items() if not future.exception()]
    for future in done:
        if not isinstance(future.exception(), BudgetSpent):
            future.result()
    return answered
