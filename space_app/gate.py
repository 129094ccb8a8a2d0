"""What stands between the page and the network: routes of Gradio's that are closed, how much is read, and headers.

Gradio has routes that keep files, fetch other hosts', keep a visitor's state on disk or take recordings, which
no tab needs, and it lets the handlers of buttons, too, be called by their names.
"""

import logging
import re
from collections.abc import Collection, Mapping, MutableMapping
from traceback import extract_tb
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from space_app.leaving import named

LOG = logging.getLogger(__name__)
API = "gradio_api/"
CLOSED = (
    "upload", "proxy=", "file=http:", "file=https:", "file/http:", "file/https:", "deep_link", "process_recording",
    "vibe-", "undo-vibe-", "runs", "run-history", "dev/", "custom_component/", "stream/", "profiling/", "token",
    "app_id", "monitoring",
)  # fmt: skip
CALL = re.compile(r"call/+(?:v2/+)?([^/]*)")
# What Gradio itself takes from an address, and fails at: one of its pages, of which there is one, and a kept state.
OWN = re.compile(rb"(?:^|(?<=&))(?:page|deep_link)=[^&]*")
ENVELOPE = 200_000  # bytes that a form or an event may have around what limits count
# Nothing is asked of, or sent to, another host, whatever a text that strangers wrote makes of the page; and only the
# Hub, where Spaces are shown in a frame, may frame it. Gradio itself needs inline and evaluated scripts.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'self' https://huggingface.co https://*.hf.space"
)
HEADERS = {
    "content-security-policy": POLICY,
    "referrer-policy": "same-origin",  # a link to a result has the prompt in its address
    "x-content-type-options": "nosniff",
}


def from_here(headers: Mapping[str, str]) -> bool:
    """Whether a request comes from this page, and not from another site's, which may have the browser's cookie.

    Browsers say so by `Sec-Fetch-Site`, old ones by `Origin`; programs say neither, and have no cookie.
    """
    if site := headers.get("sec-fetch-site"):
        return site == "same-origin"
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc in (headers.get("x-forwarded-host"), headers.get("host"))


class TooLarge(Exception):
    """More was sent than is read."""


class Gate:
    """ASGI middleware.

    Args:
        app: what it stands before.
        limit: of bytes in the body of a request.
        names: what may be called by its name.
    """

    def __init__(self, app: ASGIApp, limit: int, names: Collection[str] = ()) -> None:
        """See the class."""
        self.app, self.limit, self.names = app, limit, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or let it pass."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        scope = {**scope, "query_string": OWN.sub(b"", scope["query_string"])}
        begun, read = False, 0

        async def limited() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self.limit:
                raise TooLarge  # which some who read a body make an answer of their own of
            return message

        async def headed(message: MutableMapping[str, Any]) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                own = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                status = 413 if read > self.limit else message["status"]
                message = {**message, "status": status, "headers": [*message.get("headers", []), *own]}
            await send(message)

        if is_closed(scope["path"], self.names):
            return await PlainTextResponse("not found", 404)(scope, receive, headed)
        try:
            with named(scope) as scope:
                await self.app(scope, limited, headed)
        except TooLarge:
            if not begun:
                await PlainTextResponse(f"more than {self.limit} bytes", 413)(scope, receive, headed)
        except Exception as error:  # Gradio fails at a body that no page sends; what fails of ours it tells in events
            if begun or scope["method"] != "POST":
                raise
            at = extract_tb(error.__traceback__)[-1]  # but not what the error says, which may quote a visitor
            LOG.warning(
                "a request to %s failed: %s at %s:%s", scope["path"], type(error).__name__, at.filename, at.lineno
            )
            await PlainTextResponse("this request cannot be used", 400)(scope, receive, headed)


def is_closed(path: str, names: Collection[str] = ()) -> bool:
    """Whether a path is of a route that no visitor of the page needs, or calls what is none of the names."""
    inside = path.lower().lstrip("/").removeprefix(API).lstrip("/")
    called = CALL.match(inside)
    return inside.startswith(CLOSED) or (called is not None and called[1] not in names)
