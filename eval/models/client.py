"""The client of an endpoint: its address, its key, and that neither is shown. No torch here."""

import os
import re
from base64 import b64encode
from urllib.parse import urlsplit

import openai

from eval.errors import ModelError

NO_KEY = "none"
TIMEOUT = 300.0  # seconds of an answer
CONNECTING = 5.0  # seconds of making a connection


def connect(
    base_url: str | None, api_key: str | None = None, option: str = "--base-url", timeout: float = TIMEOUT
) -> openai.AsyncOpenAI:
    """A client of the endpoint that does not ask again by itself.

    Args:
        base_url: the address; without one OPENAI_BASE_URL or OpenAI's own.
        api_key: without one OPENAI_API_KEY.
        option: where a user writes the address.
        timeout: seconds of an answer.

    Raises:
        ModelError: OpenAI's endpoint without a key, or an address that is none.
    """
    key = api_key or os.environ.get("OPENAI_API_KEY")
    if not key and not base_url and not os.environ.get("OPENAI_BASE_URL"):
        raise ModelError(f"no OPENAI_API_KEY is set; set it, or give the {option} of an endpoint without keys")
    address = base_url or os.environ.get("OPENAI_BASE_URL", "")
    told = re.sub(r"(^|//).*@", r"\1", address.partition("?")[0])
    wrong = (
        f"{option if base_url else 'OPENAI_BASE_URL'} {told!r} is no address; write one like http://127.0.0.1:8000/v1"
    )
    limits = openai.Timeout(timeout, connect=min(timeout, CONNECTING))
    try:
        if address and not (address.startswith(("http://", "https://")) and urlsplit(address).port != 0):
            raise ModelError(wrong)
        return openai.AsyncOpenAI(base_url=base_url, api_key=key or NO_KEY, max_retries=0, timeout=limits)
    except Exception as error:  # the libraries' own errors for an address that is none
        raise ModelError(wrong) from error


def shown(client: openai.AsyncOpenAI) -> str:
    """The address, without what may be secret in it."""
    return str(client.base_url.copy_with(username=None, password=None, query=None)).rstrip("/")


def secrets(client: openai.AsyncOpenAI) -> list[str]:
    """What must not be shown."""
    url = client.base_url
    basic = b64encode(f"{url.username}:{url.password}".encode()).decode()  # as it is sent
    found = [client.api_key, url.username, url.password, basic, url.query.decode()]
    return [secret for secret in found if len(secret) >= len(NO_KEY) and secret != NO_KEY]
