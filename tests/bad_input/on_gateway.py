"""Bad requests for the gateway's routes."""

import json
from typing import Any, NamedTuple

CHAT = "/v1/chat/completions"
ROUTES = {CHAT, "/v1/models", "/v1/models/{name:path}", "/metrics", "/health"}
HELLO = [{"role": "user", "content": "Hello"}]
JSON = "application/json"


class Asked(NamedTuple):
    """One bad request, the status that it must get, and what the answer must have in it."""

    method: str
    path: str
    content: bytes
    status: int
    says: str

    @property
    def route(self) -> str:
        """Which of the routes it is for."""
        return "/v1/models/{name:path}" if self.path.startswith("/v1/models/") else self.path.partition("?")[0]


def chat(says: str, status: int = 400, **fields: Any) -> Asked:
    """A request for an answer with these fields besides, or instead of, good ones."""
    body = {"model": "tiny", "messages": HELLO, "max_tokens": 1, **fields}
    return Asked("POST", CHAT, json.dumps(body).encode(), status, says)


BODIES = [
    *(
        Asked("POST", CHAT, content, 400, "body")
        for content in (
            b"", b"{", b"null", b"[]", b"5", b'"text"', b"\xff\xfe", b"\x00", b"[" * 100_000, b'{"a":' * 50_000,
            b"model=tiny", b"--x\r\nContent-Disposition: form-data\r\n", b"{'a': 1}",
            b'{"messages": [{"role": "user", "content": "\\ud800"}', bytes(range(256)),
        )
    ),
    *(
        chat("messages", messages=messages)
        for messages in (
            None, [], {}, "Hello", 5, [None], ["Hello"], [[]],
            [{"role": "user"}], [{"role": "user", "content": None}], [{"role": "user", "content": 5}],
            [{"role": "user", "content": []}], [{"role": "user", "content": [{"type": "image_url"}]}],
            [{"role": "user", "content": ""}], [{"role": "user", "content": " \n"}],
            [{"role": "assistant", "content": "x"}],
            [{"role": "user", "content": "a \ud800 b"}],
        )
    ),
    *(chat("tools", messages=[one]) for one in ({}, {"role": "king", "content": "x"}, {"role": [], "content": "x"})),
    *(chat("model", model=model) for model in (None, 5, [], {}, "")),
    *(chat("model", 404, model=model) for model in ("gpt-4", "../etc/passwd", "tiny\r\nX: y", "\x1b[31m", "\ud800")),
    *(chat("max_tokens", max_tokens=value) for value in (0, -1, 1.5, "many", [], True)),
    chat("tokens", max_tokens=10**30),
    *(chat("temperature", temperature=value) for value in (-1, 3, "hot", [], 10**400, True)),
    chat("temperature", temperature=float("nan")),
    chat("seed", seed=float("inf")),
    *(chat("seed", seed=value) for value in ("a", 1.5, [])),
    *(chat("stop", stop=value) for value in (5, [""], [None], {}, ["a"] * 100)),
    *(chat("n", n=value) for value in (0, 2, -1, "two")),
    *(chat(name, **{name: value}) for name, value in (
        ("top_p", 0.5), ("logprobs", True), ("tools", [{}]), ("response_format", {"type": "json_object"}),
        ("made_up", 1), ("stream", "yes"), ("stream_options", 5), ("logit_bias", {"1": 2}), ("frequency_penalty", "x"),
    )),
]  # fmt: skip
PATHS = [
    Asked("GET", CHAT, b"", 405, "method not allowed"),
    Asked("DELETE", CHAT, b"", 405, "method not allowed"),
    Asked("POST", "/v1/models", b"{}", 405, "method not allowed"),
    Asked("PUT", "/metrics", b"", 405, "method not allowed"),
    Asked("POST", "/health", b"", 405, "method not allowed"),
    Asked("GET", "/v1/models/gpt-4", b"", 404, "gpt-4"),
    Asked("GET", "/v1/models/..%2f..%2fetc%2fpasswd", b"", 404, "passwd"),
    Asked("GET", "/v1/models/%00%0d%0aX:%20y", b"", 404, "error"),
    *(
        Asked("GET", path, b"", 404, "unknown route")
        for path in ("/", "/v1", "/v1/", "/docs", "/openapi.json", "/v1/completions", "/..%2f..%2fetc/passwd", "/%ff")
    ),
]
RAW = [
    b"nonsense\r\n\r\n",
    b"POST /v1/chat/completions\r\n\r\n",
    b"POST /v1/chat/completions HTTP/9.9\r\nHost: x\r\n\r\n",
    b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
    b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 5\r\n\r\n{}",
    b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\nContent-Length: 0\r\n\r\n",
    b"GET /v1/models HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 200_000 + b"\r\n\r\n",
    b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100,
]
