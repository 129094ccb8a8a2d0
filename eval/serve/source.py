"""What the gateway stands before: an endpoint (`upstream`) or a model in this process (`local`)."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from eval.mitigation import Request
from eval.models.protocol import Reply
from eval.serve.asked import Asked
from eval.serve.plan import Plan
from eval.serve.wire import EVENTS


async def _nothing() -> None:
    pass


@dataclass(frozen=True)
class Opened:
    """An answer that has begun. `pieces` raises `ApiError` where the rest does not come; `close` lets go of it."""

    status: int
    headers: Mapping[str, str]
    pieces: AsyncIterator[bytes]
    close: Callable[[], Awaitable[None]] = field(default=_nothing)

    @property
    def streams(self) -> bool:
        """Whether events come."""
        return self.status == 200 and self.headers.get("content-type", "").startswith(EVENTS)

    async def read(self) -> bytes:
        """All of it."""
        try:
            return b"".join([piece async for piece in self.pieces])
        finally:
            await self.close()


class Source(Protocol):
    """Where answers come from."""

    name: str

    async def open(self, asked: Asked, instead: Request | None = None) -> Opened:
        """An answer to the request, or, with a mitigation's, to that one with the client's parameters.

        Raises:
            ApiError: there is none.
        """
        ...

    async def plan(self, asked: Asked, refusal: Reply, seconds: float) -> Plan:
        """What to do about a refusal, within so many seconds; that it failed or took longer is a plan too."""
        ...

    async def models(self, path: str, headers: Mapping[str, str], query: str) -> Opened:
        """What is served; `path` is what follows `/models`.

        Raises:
            ApiError: that is not known.
        """
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...
