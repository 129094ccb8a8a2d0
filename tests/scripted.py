"""An endpoint on loopback that answers exactly what a test says, and keeps what it was asked."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any

from tests.serving import serving

Script = Callable[[dict[str, Any]], tuple[int, Any]]
"""From a request to a status and a body, sent as JSON, or as it is if it is bytes."""


class Scripted(ThreadingHTTPServer):
    """`asked` holds the requests in order of arrival, `most` how many there were at once."""

    daemon_threads = True

    def __init__(self, script: Script, seconds: float) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script, self.seconds = script, seconds
        self.asked: list[dict[str, Any]] = []
        self.now, self.most = 0, 0
        self.lock = Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    @property
    def prompts(self) -> list[str]:
        """The last turn of each request."""
        return [request["messages"][-1]["content"] for request in self.asked]


class _Handler(BaseHTTPRequestHandler):
    server: Scripted

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.asked.append(request)
            self.server.now += 1
            self.server.most = max(self.server.most, self.server.now)
        time.sleep(self.server.seconds)
        status, told = self.server.script(request)
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        with self.server.lock:
            self.server.now -= 1
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def scripted(script: Script, seconds: float = 0.0) -> Iterator[Scripted]:
    """Serve while the context lasts; each answer takes so many seconds."""
    with serving(Scripted(script, seconds)) as server:
        yield server


def completion(content: str | None, finish: str = "stop", **message: Any) -> tuple[int, Any]:
    """A chat completion; `message` holds further fields of the message, such as a provider's reasoning."""
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": content, **message}}
    usage = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}
    return 200, {
        "id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": usage,
    }  # fmt: skip


def failure(status: int, code: str, message: str = "no") -> tuple[int, Any]:
    """An error as OpenAI's interface has it."""
    return status, {"error": {"message": message, "code": code, "type": "invalid_request_error"}}
