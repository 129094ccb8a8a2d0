"""A model behind an OpenAI-compatible endpoint: how it is reached, asked, and asked again. No torch here.

Requests are sent by the `openai` client and asked again by `tenacity`: with back-off and jitter, or after the time that
the endpoint asks for, where that may help (`eval.models.failures`). What the client does by itself is turned off, since
it knows neither answers that end too early nor errors that come as answers, and waits long for an endpoint that is
down.
"""

import asyncio
import json
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from typing import Any

import openai
from openai.types.chat import ChatCompletion
from pydantic import BaseModel
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_exponential, wait_random

from eval.errors import EndpointError, ModelError
from eval.models.account import Account, Halt, current
from eval.models.client import TIMEOUT, connect, secrets, shown
from eval.models.failures import (
    FILTERED,
    AnsweredError,
    explained,
    filtered,
    is_down,
    may_pass,
    meaning,
    wait_of,
)  # fmt: skip
from eval.models.ledger import Call
from eval.models.logprobs import steps_of
from eval.models.structured import Structured
from eval.models.waiting import start

RETRIES = 8
BROKEN = 4  # retries after status 500, by which many servers tell what will not pass
PATIENCE = 5.0  # seconds in which an endpoint that is down may come back
LONGEST = 600.0  # seconds that an endpoint may ask to wait
BACK_OFF = wait_exponential(multiplier=0.5, max=30) + wait_random(0, 0.5)

Request = Mapping[str, Any]
"""Arguments of a chat completion, without the model."""
RENAMED = "max_completion_tokens"  # the one name of max_tokens that OpenAI's newer models know


class Endpoint:
    """A model at an address; usable from any thread, also beside a running event loop."""

    def __init__(
        self, model: str, base_url: str | None = None, api_key: str | None = None, *, option: str = "--base-url",
        schema: type[BaseModel] | None = None, retries: int = RETRIES, timeout: float = TIMEOUT,
        account: Account | None = None,
    ) -> None:  # fmt: skip
        """Prepare to ask.

        Args:
            model: the endpoint's name of it.
            base_url: the address; without one that of the account, OPENAI_BASE_URL or OpenAI's own.
            api_key: without one OPENAI_API_KEY; never shown or stored.
            option: where a user writes the address.
            schema: of the answers; None for free text.
            retries: how often a request that fails is asked again.
            timeout: seconds after which a request counts as failed.
            account: on which it asks where none is open.

        Raises:
            ModelError: OpenAI's endpoint without a key, or an address that is none.
        """
        self.model, self._retries = model, retries
        self._account = account or Account()
        self._client = connect(base_url, api_key, option, timeout)
        self._structured = Structured(schema)
        self._answered = 0
        self._longest = "max_tokens"  # what this endpoint calls the limit of an answer
        self._close = weakref.finalize(self, lambda client: start(client.close()), self._client)
        self._close.atexit = False

    def close(self) -> None:
        """Close the connections; so does whoever forgets the endpoint."""
        self._close()

    @property
    def host(self) -> str:
        """The endpoint's host."""
        return str(self._client.base_url.host)

    def key(self, request: Request) -> str:
        """A digest of all that is asked, and of whom."""
        return digest({"host": self.host, "model": self.model, "schema": self._structured.name, **request})

    def each(
        self, requests: Sequence[Request], stops: Callable[[ModelError], bool] = lambda e: isinstance(e, EndpointError)
    ) -> list[Call | ModelError]:
        """The answers in order, or why there is none; one that `stops` ends what has not been sent yet.

        When interrupted, what is under way is waited for and kept.
        """
        account, halt = current() or self._account, Halt()

        async def one(request: Request) -> Call | ModelError:
            try:
                return await self.ask(request, account, halt)
            except ModelError as error:
                if stops(error):
                    halt.append(error)
                return error

        async def all_of_them() -> list[Call | ModelError]:
            return list(await asyncio.gather(*map(one, requests)))

        found: list[Call | ModelError] = finished(start(all_of_them()), halt)
        return found

    async def ask(self, request: Request, account: Account, halt: Halt, key: str = "") -> Call:
        """One answer, through the account.

        Raises:
            ModelError: there is none, also after retries.
        """
        key = key or self.key(request)
        turns, most = request["messages"], request["max_tokens"]

        async def send() -> Call:
            admitted = await account.budget.admit(turns, most)
            started = time.perf_counter()
            try:
                call = await self._call(key, request, halt)
            finally:
                account.budget.leave(admitted)
            return call.model_copy(update={"seconds": round(time.perf_counter() - started, 4)})

        call = await account.ask(key, send, halt)
        if call.finish != FILTERED:
            account.budget.learn(turns, call.prompt_tokens)
        return call

    async def _call(self, key: str, request: Request, halt: Halt) -> Call:
        try:
            completion: ChatCompletion | None = await self._structured.complete(partial(self._complete, halt), request)
        except ModelError as error:
            if not filtered(error):
                raise
            completion = None
        usage, choice = (completion.usage, completion.choices[0]) if completion else (None, None)
        return Call(
            key=key,
            date=now(),
            seed=request.get("seed", 0),
            content=choice.message.content or "" if choice else "",
            finish=choice.finish_reason or "" if choice else FILTERED,
            prompt_tokens=usage.prompt_tokens if usage else 0,
            completion_tokens=usage.completion_tokens if usage else 0,
            served=self._served(completion) if completion else "",
            steps=steps_of(choice) if choice else None,
        )

    def _served(self, completion: ChatCompletion) -> str:
        told = (completion.model, completion.system_fingerprint)
        return " ".join(one for one in told if one and one != self.model)

    async def _complete(self, halt: Halt, request: Request) -> ChatCompletion:
        """One completion, whatever it takes; the cause of an error is the client's."""
        before = self._answered
        again = AsyncRetrying(
            retry=retry_if_exception(may_pass),
            wait=_pause,
            stop=partial(self._gives_up, halt),
            reraise=True,
        )
        try:
            found: ChatCompletion = await again(self._once, request)
        except (openai.OpenAIError, json.JSONDecodeError, AnsweredError) as error:
            name, alone = f"{self.model} at {shown(self._client)}", self._answered > before
            raise explained(error, name, alone=alone, secrets=secrets(self._client)) from error
        self._answered += 1
        return found

    async def _once(self, request: Request) -> ChatCompletion:
        longest = self._longest
        sent = {longest if name == "max_tokens" else name: value for name, value in request.items()}
        try:
            found: Any = await self._client.chat.completions.create(model=self.model, **sent)
        except openai.BadRequestError as error:
            if RENAMED not in str(error) or longest == RENAMED:
                raise
            self._longest = RENAMED
            return await self._once(request)
        if isinstance(found, ChatCompletion):
            if told := _inside(found):
                raise AnsweredError(told)
            if found.choices:
                return found
        raise EndpointError(
            f"{shown(self._client)} does not answer as an OpenAI endpoint; does --base-url end in /v1?", True
        )

    def _gives_up(self, halt: Halt, state: RetryCallState) -> bool:
        error = state.outcome and state.outcome.exception()
        retries = min(self._retries, BROKEN) if error and meaning(error).status == 500 else self._retries
        if halt or state.attempt_number > retries or (error and (wait_of(error) or 0) > LONGEST):
            return True
        passed = state.seconds_since_start or 0.0
        return bool(error and is_down(error)) and passed + BACK_OFF(state) > PATIENCE


def finished(future: "Future[Any]", halt: Halt) -> Any:
    """The result; when interrupted, what is under way is waited for before."""
    try:
        return future.result()
    except KeyboardInterrupt:
        halt.append(EndpointError("interrupted"))
        with suppress(Exception):
            future.result()
        raise


def digest(asked: Mapping[str, Any]) -> str:
    """Sixteen hexadecimal digits of what is asked."""
    return sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]


def now() -> str:
    """The date of an answer: UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _pause(state: RetryCallState) -> float:
    error = state.outcome and state.outcome.exception()
    asked = wait_of(error) if error else None
    return BACK_OFF(state) if asked is None else asked + wait_random(0, 0.5)(state)


def _inside(found: ChatCompletion) -> Mapping[str, Any] | None:
    """An error that is told with status 200, by the answer or by its choice."""
    choice = found.choices[0] if found.choices else None
    for part in (found, choice):
        if isinstance(error := part and (part.model_extra or {}).get("error"), (Mapping, str)):
            return error if isinstance(error, Mapping) else {"message": error}
    return None
