"""Faults on demand: a rule makes the requests of one user to one endpoint fail, the first few of them or all."""

import json
import socket
import struct
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from starlette.types import Message, Receive, Scope, Send

Fault = Literal["401", "403", "409", "412", "429", "500", "reset", "truncated", "lost"]
FAULTS: tuple[Fault, ...] = ("401", "403", "409", "412", "429", "500", "reset", "truncated", "lost")


@dataclass
class Rule:
    """What happens to requests of a user (`*`: anybody, also without a token) to an endpoint.

    A status is answered and nothing is done. `reset`: the connection is reset while the body is read, nothing is done.
    `truncated`: it is done, and half of the answer arrives. `lost`: it is done, and the connection is reset before the
    answer. The fault goes away after `times` requests, if given, and begins when `since` was once asked for, if given.
    """

    user: str
    endpoint: str
    fault: Fault
    times: int | None = None
    since: str = ""


class Faults:
    """The rules, what they did, and every request that came: by user, and by user and endpoint."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.hits: Counter[tuple[str, str]] = Counter()
        self.asked: Counter[tuple[str, str]] = Counter()

    def take(self, user: str, endpoint: str) -> Fault | None:
        """The fault of a request, which is counted."""
        self.asked[user, endpoint] += 1
        for rule in self.rules:
            waits = rule.since and not self.asked[user, rule.since]
            if rule.endpoint == endpoint and rule.user in (user, "*") and rule.times != 0 and not waits:
                rule.times = None if rule.times is None else rule.times - 1
                self.hits[user, endpoint] += 1
                return rule.fault
        return None


async def answer_status(fault: Fault, send: Send) -> None:
    """Answer with the status; those that clients wait for say that they need not wait long."""
    body = json.dumps({"error": f"told to answer {fault}", "errors": [{"message": f"told to answer {fault}"}]}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if fault in ("429", "500"):
        headers.append((b"retry-after", b"0"))
    await send({"type": "http.response.start", "status": int(fault), "headers": headers})
    await send({"type": "http.response.body", "body": body})


def reset(receive: Receive) -> None:
    """Reset the connection of a request, as a router that restarts does."""
    transport = receive.__self__.transport  # type: ignore[attr-defined]  # uvicorn's; ASGI has no word for it
    linger = struct.pack("ii", 1, 0)
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()


class Halved:
    """A `send` that announces the whole answer, sends half of it and then ends."""

    def __init__(self, send: Send) -> None:
        self.send = send

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            body = message.get("body", b"")
            message = {"type": message["type"], "body": body[: len(body) // 2], "more_body": True}
        await self.send(message)


async def swallow(_: Message) -> None:
    """A `send` after which nobody has heard anything."""


def header(scope: Scope, name: bytes) -> str:
    """The value of a header, empty without it."""
    return next((value.decode() for key, value in scope["headers"] if key == name), "")
