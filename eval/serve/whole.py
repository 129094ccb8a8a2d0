"""An answer that came in one piece: what is read of its JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eval.models.protocol import Reply
from eval.serve.wire import content


@dataclass(frozen=True)
class Whole:
    """The bytes of an answer; `reply` is None where it is not one text, and `skip` says what else it is."""

    raw: bytes
    reply: Reply | None
    skip: str = ""
    prompt_tokens: int = 0
    tokens: int = 0


def whole(raw: bytes) -> Whole:
    """What the bytes hold."""
    try:
        fields = json.loads(raw)
        choices = fields["choices"]
        message, finish = choices[0]["message"], str(choices[0].get("finish_reason") or "")
    except (ValueError, RecursionError, KeyError, IndexError, TypeError, AttributeError):
        return Whole(raw, None, "the endpoint did not answer with a chat completion")
    prompt_tokens, tokens = counts(fields.get("usage"))
    text, other = content(message) if isinstance(message, Mapping) else ("", True)
    if other or len(choices) > 1 or finish == "content_filter":
        return Whole(raw, None, "the answer is more than text", prompt_tokens, tokens)
    reply = Reply(text=text, tokens=tokens, seconds=0.0, prompt_tokens=prompt_tokens, finish=finish)
    return Whole(raw, reply, "", prompt_tokens, tokens)


def counts(usage: Any) -> tuple[int, int]:
    """Tokens read and written, 0 where nothing is told."""
    if not isinstance(usage, Mapping):
        return 0, 0
    read, written = usage.get("prompt_tokens"), usage.get("completion_tokens")
    return (read if isinstance(read, int) else 0), (written if isinstance(written, int) else 0)
