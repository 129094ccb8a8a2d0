"""A request as the client sent it: its bytes, what is read of them, and why the gateway leaves it alone, if it does."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from eval.record import Conversation, Message
from eval.serve.wire import ApiError
from eval.visible import encodable

ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}


@dataclass(frozen=True)
class Asked:
    """One request for a chat completion.

    `messages` are those of `fields` as our row type; where they cannot be (images, tools), `skip` says why, and the
    request is passed on without a look at its answer. `arrived` is a moment of `time.perf_counter`.
    """

    raw: bytes
    fields: dict[str, Any]
    messages: Conversation
    skip: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: str = field(default="", repr=False)
    arrived: float = field(default_factory=time.perf_counter, repr=False)

    @property
    def stream(self) -> bool:
        """Whether the answer is to come in pieces."""
        return self.fields.get("stream") is True

    def changed(self, sent: Conversation) -> bytes:
        """The same request with other messages in place of those that a mitigation has changed."""
        pairs = zip(self.fields["messages"], self.messages, sent, strict=True)
        messages = [raw if old == new else {**raw, "content": new.content} for raw, old, new in pairs]
        return json.dumps({**self.fields, "messages": messages}).encode()


def read(raw: bytes, headers: Mapping[str, str] | None = None, query: str = "") -> Asked:
    """The request in a body.

    Raises:
        ApiError: it is no JSON object, or has no messages.
    """
    try:
        fields = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "the body is not valid JSON", code="invalid_json") from error
    if not isinstance(fields, dict):
        raise ApiError(400, "the body must be a JSON object", code="invalid_json")
    messages = fields.get("messages")
    if not isinstance(messages, list) or not messages or not all(isinstance(m, dict) for m in messages):
        raise ApiError(
            400, 'messages must be a list such as [{"role": "user", "content": "..."}]', param="messages",
            code="invalid_messages",
        )  # fmt: skip
    skip = _skip(fields)
    conversation: Conversation = []
    if not skip:
        conversation, skip = _conversation(messages)
    return Asked(raw, fields, conversation, skip, headers or {}, query)


def _skip(fields: Mapping[str, Any]) -> str:
    """Why the parameters keep the gateway from reading the answer as one text; empty if they do not."""
    if fields.get("n") not in (None, 1):
        return "n is not 1"
    if fields.get("tools") or fields.get("functions"):
        return "tools"
    form = fields.get("response_format")
    if form and not (isinstance(form, dict) and form.get("type") == "text"):
        return "response_format"
    if fields.get("modalities") not in (None, ["text"]):
        return "modalities"
    return ""


def _conversation(messages: list[dict[str, Any]]) -> tuple[Conversation, str]:
    """The messages as rows, or why they cannot be."""
    found: Conversation = []
    for message in messages:
        role = ROLES.get(str(message.get("role")))
        if role is None or message.get("tool_calls"):
            return [], "tools"
        text = plain(message.get("content"))
        if text is None:
            return [], "content that is not text"
        found.append(Message.model_validate({"role": role, "content": text}))
    if found[-1].role != "user" or not found[-1].content.strip():
        return [], "the last message is not the user's"
    return found, ""


def plain(content: Any) -> str | None:
    """The text of a message's content; None if it is anything else as well."""
    if isinstance(content, str):
        return content if encodable(content) else None
    if not isinstance(content, list) or not content:
        return None
    parts = [part.get("text") if isinstance(part, dict) and part.get("type") == "text" else None for part in content]
    texts = [part for part in parts if isinstance(part, str) and encodable(part)]
    return "\n".join(texts) if len(texts) == len(parts) else None
