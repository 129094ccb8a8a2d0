"""A proxy before a real endpoint that fails as endpoints do, by a plan, and remembers what it delivered whole."""

import json
import socket
import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, repeat
from threading import Event, Lock
from typing import Literal

import httpx

from tests.serving import serving

Fault = Literal[
    "whole", "slow", "busy", "broken", "half", "torn", "reset", "silent", "unfit", "gone", "inside", "key", "unknown"
]


class FaultProxy(ThreadingHTTPServer):
    """Answers request number i by `plan[i]`, and those after the plan by its last entry.

    whole: what the endpoint answers. busy: 429 with Retry-After. broken: 500. half: 200 with half of the JSON.
    slow: the same, after a second. inside: 200 with a server's error in it. key: 401, with the key. unknown: 404.
    torn: fewer bytes than announced. reset: the connection is reset. silent: nothing, until the client gives up.
    unfit: 400 to a request with a schema, else whole. gone: 503. `known` holds real answers, which then take no time.
    """

    daemon_threads = True

    def __init__(self, upstream: str, plan: Sequence[Fault], known: dict[bytes, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.known = known
        self.upstream = upstream.removesuffix("/v1")
        self.delivered: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.closing = Event()
        self._plan = chain(plan, repeat(plan[-1]))
        self._lock = Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def fault(self) -> Fault:
        with self._lock:
            fault = next(self._plan)
            self.faults[fault] += 1
            return fault

    def deliver(self, body: bytes) -> None:
        with self._lock:
            request = json.loads(body)
            asked = {name: value for name, value in request.items() if name != "response_format"}
            self.delivered[sha256(json.dumps(asked).encode()).hexdigest()] += 1

    def handle_error(self, *_: object) -> None:
        """A client that went away is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: FaultProxy
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fault = self.server.fault()
        if fault == "busy":
            self._send(429, b'{"error": {"message": "slow down"}}', retry_after="0.2")
        elif fault == "broken":
            self._send(500, b'{"error": {"message": "broken"}}')
        elif fault == "gone":
            self._send(503, b'{"error": {"message": "gone"}}')
        elif fault == "unfit" and b"response_format" in body:
            self._send(400, b'{"error": {"message": "response_format is not supported"}}')
        elif fault == "inside":
            self._send(200, b'{"error": {"message": "upstream overloaded", "type": "server_error", "code": 502}}')
        elif fault == "key":
            told = f"Incorrect API key provided: {self.headers['Authorization']}"
            self._send(401, json.dumps({"error": {"message": told, "code": "invalid_api_key"}}).encode())
        elif fault == "unknown":
            self._send(404, b'{"error": {"message": "The model does not exist", "code": "model_not_found"}}')
        elif fault == "silent":
            self.server.closing.wait(30)
            self.close_connection = True
        elif fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
        elif fault in ("half", "torn"):
            text = b'{"id": "x", "object": "chat.completion", "choices": [{"index": 0, "message": {"role": "assist'
            self._send(200, text, announced=len(text) * (2 if fault == "torn" else 1))
            self.close_connection = True
        else:
            if fault == "slow":
                self.server.closing.wait(1)
            if body not in self.server.known:
                answer = httpx.post(self.server.upstream + self.path, content=body, timeout=120).raise_for_status()
                self.server.known[body] = answer.content
            self._send(200, self.server.known[body])
            self.server.deliver(body)

    def _send(self, status: int, body: bytes, announced: int | None = None, retry_after: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body) if announced is None else announced))
        if retry_after:
            self.send_header("Retry-After", retry_after)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def fault_proxy(upstream: str, plan: Sequence[Fault], known: dict[bytes, bytes] | None = None) -> Iterator[FaultProxy]:
    """Serve on loopback while the context lasts."""
    proxy = FaultProxy(upstream, plan, {} if known is None else known)
    with serving(proxy, proxy.closing.set):
        yield proxy
