"""An endpoint, a gateway before it, and the real client."""

from collections.abc import Iterator

import openai
import pytest

from tests.eval.serve.gateways import KEY, Endpoint, before, endpoint


@pytest.fixture
def server() -> Iterator[Endpoint]:
    with endpoint() as found:
        yield found


@pytest.fixture
def url(server: Endpoint, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with before(server) as found:
        yield found


@pytest.fixture
def client(url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=url, api_key=KEY, max_retries=0) as found:
        yield found
