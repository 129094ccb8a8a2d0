"""How much may be asked at once, and paid for in all. No torch here."""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

from eval.errors import BudgetSpent, EndpointError
from eval.models.ledger import Ledger

BYTES_PER_TOKEN = 2  # fewer than in any language that is written with letters


class Limits(NamedTuple):
    """How much may be asked at once, and paid for in all; None is no limit.

    `max_tokens_total` counts tokens of prompts and answers, `max_requests` requests that were answered.
    """

    concurrency: int = 8
    max_tokens_total: int | None = None
    max_requests: int | None = None


class Budget:
    """Lets requests pass as long as those paid for, those under way and the next one stay within the limits.

    A request under way counts with the most tokens that it can take: what the endpoint told of earlier prompts says
    how many tokens a byte has. Only to be used in one thread.
    """

    def __init__(self, ledger: Ledger, limits: Limits) -> None:
        """What the ledger holds is paid already, also by earlier starts."""
        self._ledger, self._limits = ledger, limits
        self._under_way: list[int] = []
        self._less = asyncio.Event()  # set whenever there are fewer under way
        self._per_byte = 1 / BYTES_PER_TOKEN

    async def admit(self, messages: Sequence[dict[str, Any]], max_tokens: int) -> int:
        """Wait until the request may be sent; the tokens that it can take, which `leave` must be given.

        Raises:
            BudgetSpent: it may not, and nothing is under way that could leave room.
        """
        while over := self._over(most := int(self._per_byte * _size(messages)) + 1 + max_tokens):
            if not self._under_way:
                self._ledger.exhausted = True
                raise BudgetSpent(self._told(over))
            self._less.clear()
            await self._less.wait()
        self._under_way.append(most)
        return most

    def leave(self, most: int) -> None:
        """A request that was admitted is under way no more."""
        self._under_way.remove(most)
        self._less.set()

    def learn(self, messages: Sequence[dict[str, Any]], prompt_tokens: int) -> None:
        """Take note of the tokens that a prompt had.

        Raises:
            EndpointError: none are told, so that a limit on tokens cannot be kept.
        """
        if not prompt_tokens:
            if self._limits.max_tokens_total is not None:
                raise EndpointError(
                    "the endpoint does not tell how many tokens it takes, so --max-tokens-total cannot be kept; use "
                    "--max-requests"
                )
            return
        seen = 1.1 * prompt_tokens / _size(messages)  # more than was seen, since another prompt may be denser
        self._per_byte = seen if self._per_byte == 1 / BYTES_PER_TOKEN else max(self._per_byte, seen)

    def _over(self, most: int) -> str:
        """The option that sending one more could exceed, "" if none."""
        paid, limits = self._ledger, self._limits
        if limits.max_requests is not None and len(paid.calls) + len(self._under_way) >= limits.max_requests:
            return f"--max-requests {limits.max_requests}"
        tokens = sum(paid.paid) + sum(self._under_way) + most
        if limits.max_tokens_total is not None and tokens > limits.max_tokens_total:
            return f"--max-tokens-total {limits.max_tokens_total}"
        return ""

    def _told(self, over: str) -> str:
        paid = f"{len(self._ledger.calls):,} requests, {sum(self._ledger.paid):,} tokens"
        return f"stopped before {over} would be exceeded ({paid} paid)"


def _size(messages: Sequence[dict[str, Any]]) -> int:
    """Bytes of the texts; roles and the chat template's own tokens are counted as a few more."""
    return sum(len(str(message["content"]).encode()) + 50 for message in messages)
