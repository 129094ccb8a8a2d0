"""What goes over the wire in OpenAI's form: errors, server-sent events, and bodies that get a field more.

The form is that of https://platform.openai.com/docs/api-reference/chat and the events' that of
https://html.spec.whatwg.org/multipage/server-sent-events.html. Bytes that come from an endpoint are never written anew.
"""

import json
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any, NamedTuple

DONE = b"data: [DONE]\n\n"
JSON = "application/json"
EVENTS = "text/event-stream"
_BETWEEN = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_END = re.compile(rb"\}\s*\Z")


class ApiError(Exception):
    """An error as OpenAI's clients know it: status, message, type, and the parameter and code where there are any."""

    def __init__(
        self, status: int, message: str, kind: str = "invalid_request_error", *, param: str | None = None,
        code: str | None = None,
    ) -> None:  # fmt: skip
        """An error that is the client's fault unless `kind` says otherwise."""
        super().__init__(message)
        self.status = status
        self._told = {"message": message, "type": kind, "param": param, "code": code}

    @property
    def body(self) -> bytes:
        """The JSON that a client gets, whole or as an event."""
        return json.dumps({"error": self._told}).encode()

    @property
    def event(self) -> bytes:
        """The same in a stream, where the status is long sent: clients raise on it."""
        return event(self.body)


def event(data: bytes) -> bytes:
    """One event."""
    return b"data: " + data + b"\n\n"


def spliced(raw: bytes, field: Mapping[str, Any]) -> bytes:
    """The JSON object, alone or in an event, with the field `xsb` added at its end and every other byte as it was."""
    end = _END.search(raw)
    if end is None:
        return raw
    before = raw[: end.start()]
    comma = b"" if before.rstrip().endswith(b"{") else b","
    return before + comma + b'"xsb":' + json.dumps(field).encode() + raw[end.start() :]


async def events(pieces: AsyncIterator[bytes]) -> AsyncIterator[list[bytes]]:
    """Whole events, each with the blank line at its end, those of a piece together; what is left at the end is last."""
    left = b""
    async for piece in pieces:
        left += piece
        found, start = [], 0
        for blank in _BETWEEN.finditer(left):
            found.append(left[start : blank.end()])
            start = blank.end()
        left = left[start:]
        if found:
            yield found
    if left.strip():
        yield [left]


class Seen(NamedTuple):
    """What the gateway reads of an event: new text of the answer, what else is in it, why it ended, and the tokens.

    `other` means that there is more than text in it: reasoning, a call of a tool, a refusal field, another choice.
    """

    text: str = ""
    other: bool = False
    finish: str = ""
    usage: Mapping[str, Any] | None = None
    done: bool = False
    error: bool = False


def seen(raw: bytes) -> Seen:
    """The content of an event; nothing for comments and for what is no JSON object."""
    data = b"".join(line[5:].strip() for line in raw.splitlines() if line.startswith(b"data:"))
    if data == b"[DONE]":
        return Seen(done=True)
    try:
        chunk = json.loads(data)
    except ValueError:
        return Seen()
    if not isinstance(chunk, dict):
        return Seen()
    usage = chunk["usage"] if isinstance(chunk.get("usage"), dict) else None
    choices = chunk.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        return Seen(usage=usage, error="error" in chunk)
    part = choices[0].get("delta")
    text, other = content(part if isinstance(part, dict) else {})
    return Seen(text, other or len(choices) > 1, str(choices[0].get("finish_reason") or ""), usage)


def content(message: Mapping[str, Any]) -> tuple[str, bool]:
    """The text of a message or of a part of one, and whether there is anything else in it."""
    text = message.get("content")
    other = any(value for name, value in message.items() if name not in ("role", "content", "annotations"))
    return (text, other) if isinstance(text, str) else ("", other or bool(text))
