"""One event loop for all endpoints, in a thread of its own: callers wait for it, whether or not they have a loop.

It lasts as long as the process, so that connections do, too.
"""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import Future
from functools import cache
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")


def start(work: Coroutine[Any, Any, T]) -> "Future[T]":
    """Begin the work in the loop."""
    return asyncio.run_coroutine_threadsafe(work, _loop())


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    Thread(target=loop.run_forever, name="xsb-endpoints", daemon=True).start()
    return loop
