"""An account: on whose ledger and within which budget endpoints are asked. No torch here.

What a run asks, of whichever endpoint (the model, a judge, a rephraser), goes through one account: answers that are in
its ledger are not asked for again, equal requests under way are asked once, and what was refused for good stays so.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from eval.errors import EndpointError, ModelError
from eval.models.budget import Budget, Limits
from eval.models.ledger import Call, Ledger

Halt = list[ModelError]
"""What has stopped a batch: empty, or the error for which its other requests are not sent any more."""


class Account:
    """A ledger, limits, and what is under way; all but making one is done in the thread of `eval.models.waiting`.

    Without a ledger nothing is kept, and every request is asked.
    """

    def __init__(self, ledger: Ledger | None = None, limits: Limits | None = None, base_url: str | None = None) -> None:
        """Open an account; `base_url` is of endpoints that are named without an address."""
        self.ledger, self.limits, self.base_url = ledger, limits or Limits(), base_url
        self.budget = Budget(ledger or Ledger(), self.limits)
        self._places = asyncio.Semaphore(self.limits.concurrency)
        self._under_way: dict[str, asyncio.Future[Call]] = {}
        self._refused: dict[str, ModelError] = {}

    async def ask(self, key: str, send: Callable[[], Awaitable[Call]], halt: Halt) -> Call:
        """The answer: known, under way, or by `send`, which is then called once.

        Raises:
            ModelError: of `send`, also of an earlier one with this key.
        """
        if self.ledger is None:
            return await self._sent(send, halt)
        if known := self.ledger.calls.get(key):
            return known
        if refused := self._refused.get(key):
            raise refused
        if not (waiting := self._under_way.get(key)):
            waiting = self._under_way[key] = asyncio.ensure_future(self._sent(send, halt))
            waiting.add_done_callback(lambda _: self._under_way.pop(key))
        try:
            return await asyncio.shield(waiting)
        except EndpointError:
            raise
        except ModelError as error:
            self._refused[key] = error
            raise

    async def _sent(self, send: Callable[[], Awaitable[Call]], halt: Halt) -> Call:
        async with self._places:
            if halt:
                raise halt[0]
            call = await send()
        return self.ledger.add(call) if self.ledger is not None else call


_CURRENT: ContextVar[Account | None] = ContextVar("account", default=None)


@contextmanager
def paying(account: Account) -> Iterator[Account]:
    """While open, what endpoints are asked in this context goes through the account."""
    token = _CURRENT.set(account)
    try:
        yield account
    finally:
        _CURRENT.reset(token)


def current() -> Account | None:
    """The account that is open, None if there is none."""
    return _CURRENT.get()
