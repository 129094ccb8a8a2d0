"""What an endpoint's failures mean: whose fault it is, whether asking again may help, and one line for the user.

No line holds a key: whatever an endpoint says of one is blacked out.
"""

import json
import re
from collections.abc import Collection, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import openai

from eval.errors import EndpointError, ModelError

FILTERED = "content_filter"  # as a reason to stop, and as an error's code
HIDDEN = "***"
LATER = re.compile(
    r"overload|internal|unavailable|server|timeout|rate.?limit|too many|busy|capacity|try again", re.IGNORECASE
)
QUOTA = re.compile(r"insufficient_quota|billing|credit", re.IGNORECASE)
TEMPLATE = re.compile(r"chat.?template", re.IGNORECASE)
TAG = re.compile(r"<[^>]*>")
UNSUPPORTED = ("unsupported_parameter", "unsupported_value")


class AnsweredError(Exception):
    """An error that came as an answer: status 200 with an error object, or with something that is no completion."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        """The error object as it came."""
        super().__init__(str(body.get("message") or body))
        self.body = body

    @property
    def status(self) -> int:
        """The status that is named in it; without one 500 if it reads like the server's own fault, else 400."""
        code = self.body.get("code") or self.body.get("status")
        if str(code).isdecimal():
            return int(str(code))
        return 500 if LATER.search(" ".join(str(value) for value in self.body.values())) else 400


class Meaning(NamedTuple):
    """What a failure means: its status if it has one, its code, and what was said."""

    status: int | None
    code: str
    said: str


def meaning(error: BaseException) -> Meaning:
    """What an error of the client's means."""
    if isinstance(error, openai.APIStatusError):
        body = error.body if isinstance(error.body, Mapping) else {}
        said = str(body.get("message") or body.get("detail") or TAG.sub(" ", error.response.text) or error)
        return Meaning(error.status_code, str(error.code or body.get("type") or ""), said)
    if isinstance(error, AnsweredError):
        return Meaning(error.status, str(error.body.get("code") or error.body.get("type") or ""), str(error))
    return Meaning(None, "", str(error))


def is_down(error: BaseException) -> bool:
    """Whether nobody is there to answer: not even a connection was made."""
    cause = error.__cause__
    return isinstance(error, openai.APIConnectionError) and type(cause).__name__ in ("ConnectError", "ConnectTimeout")


def may_pass(error: BaseException) -> bool:
    """Whether asking again may help."""
    if isinstance(error, (openai.APIConnectionError, json.JSONDecodeError)):  # timeouts and resets are of the first
        return True
    status, code, said = meaning(error)
    if status is None or status == 501:
        return False
    return status in (408, 409) or status >= 500 or (status == 429 and not QUOTA.search(f"{code} {said}"))


def wait_of(error: BaseException) -> float | None:
    """The seconds that an endpoint asks to wait (Retry-After, also as a date), None where it says nothing."""
    if not isinstance(error, openai.APIStatusError):
        return None
    headers = error.response.headers
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) * unit)
        except (KeyError, ValueError):
            continue
    try:
        date = parsedate_to_datetime(headers["retry-after"])
    except (KeyError, ValueError, TypeError):
        return None
    return (
        max(0.0, date.timestamp() - parsedate_to_datetime(headers["date"]).timestamp()) if "date" in headers else None
    )


def explained(error: BaseException, name: str, *, alone: bool, secrets: Collection[str] = ()) -> ModelError:
    """What a user is told of a failure that asking again has not mended.

    Args:
        error: of the client.
        name: of the model and its address.
        alone: others were answered meanwhile, so that it must be the request.
        secrets: what must not be shown.

    Returns:
        An `EndpointError` where it would be the same for any request, else a `ModelError`.
    """
    status, code, said = meaning(error)
    line = hidden(" ".join(said.split()), secrets)[:200]
    if status is None:
        return _unanswered(error, name, line, alone)
    told = f"{name}: {status}, {line}"
    if status in (401, 403):
        return EndpointError(f"{told}; the key is not accepted here: set OPENAI_API_KEY to one that is")
    if status == 404:
        return EndpointError(f"{told}; is that the model's name there, and does --base-url end in /v1?")
    if status == 429:
        wait = wait_of(error)
        asked = f", after {wait:.0f} s" if wait and wait >= 1 else ""
        return EndpointError(f"{told}; the endpoint takes no more for now: the same command goes on{asked}")
    if status >= 500 or status in (408, 409):
        return (
            ModelError(told)
            if alone
            else EndpointError(f"{told}; the endpoint fails: see its log, or try again later", True)
        )
    if TEMPLATE.search(said):
        return EndpointError(f"{told}; serve a model that has a chat template, or give the server one")
    if code in UNSUPPORTED:
        return EndpointError(f"{told}; this model takes no such request")
    return ModelError(told)


def filtered(error: ModelError) -> bool:
    """Whether a provider's content filter stopped the request, which it may tell by an error's code."""
    return error.__cause__ is not None and meaning(error.__cause__).code == FILTERED


def hidden(text: str, secrets: Collection[str]) -> str:
    """The text without what must not be shown."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def _unanswered(error: BaseException, name: str, line: str, alone: bool) -> ModelError:
    if is_down(error):
        return EndpointError(f"{name}: no answer ({line}); is the server running?")
    if isinstance(error, json.JSONDecodeError):
        told = f"{name}: answers with broken JSON ({line})"
    elif isinstance(error, openai.APITimeoutError):
        told = f"{name}: no answer in time ({line}); is the server too busy?"
    else:
        told = f"{name}: no answer ({line}); is the server running?"
    return ModelError(told) if alone else EndpointError(told, True)
