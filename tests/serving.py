"""A server in a thread of its own, for as long as a test needs it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import HTTPServer
from threading import Thread
from typing import TypeVar

S = TypeVar("S", bound=HTTPServer)


@contextmanager
def serving(server: S, release: Callable[[], None] = lambda: None) -> Iterator[S]:
    """Serve on loopback while the context lasts; `release` lets go of requests that wait for its end."""
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        release()
        server.shutdown()
        thread.join()
        server.server_close()
