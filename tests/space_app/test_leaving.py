"""A program that leaves: nothing more is asked of the model for it, neither for Gradio's client nor for one of MCP."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml
from gradio_client import Client
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from tests.browser.conftest import Space
from tests.scripted import Scripted, completion, scripted

WORDS = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
CALLS = 128  # of the model, eight at a time, to explain a prompt by `shap`
SECONDS = 0.6  # of a call


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Scripted]:
    with scripted(lambda _: completion("I can't help with that."), SECONDS) as server:
        yield server


@pytest.fixture(scope="module")
def space(endpoint: Scripted, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Space]:
    folder: Path = tmp_path_factory.mktemp("leaving")
    model = {"name": "openai:far", "base_url": endpoint.url}
    limits = {"at_once": 1, "lookups_per_minute": 2}
    (folder / "space.yaml").write_text(yaml.safe_dump({"models": [model], "limits": limits}))
    space = Space("--config", str(folder / "space.yaml"), folder=folder, OPENAI_API_KEY="none")
    yield space
    assert space.stop() == ""


def begun(endpoint: Scripted, before: int) -> None:
    """Wait until the model is being asked."""
    end = time.monotonic() + 60
    while len(endpoint.asked) < before + 2:
        assert time.monotonic() < end, "the model is not asked"
        time.sleep(0.05)


def ended(endpoint: Scripted, before: int) -> None:
    """Nothing more is asked soon."""
    time.sleep(3 * SECONDS + 1)
    count = len(endpoint.asked)
    time.sleep(4 * SECONDS)
    assert len(endpoint.asked) == count < before + CALLS - 20


def test_a_client_that_cancels(space: Space, endpoint: Scripted) -> None:
    client, before = Client(space.url, verbose=False), len(endpoint.asked)
    job = client.submit(prompt=f"first {WORDS}", method="shap", api_name="/attribute")
    begun(endpoint, before)
    job.cancel()
    ended(endpoint, before)


def test_a_connection_that_is_gone(space: Space, endpoint: Scripted) -> None:
    before = len(endpoint.asked)
    call = {"data": [f"second {WORDS}", "", "shap"]}
    event = httpx.post(f"{space.url}/gradio_api/call/attribute", json=call).json()["event_id"]
    with httpx.stream("GET", f"{space.url}/gradio_api/call/attribute/{event}", timeout=60):
        begun(endpoint, before)
    ended(endpoint, before)


def test_a_tool_s_caller_that_leaves(space: Space, endpoint: Scripted) -> None:
    before = len(endpoint.asked)

    async def leave() -> None:
        async with (
            streamable_http_client(f"{space.url}/gradio_api/mcp/") as (read, write, *_),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            asked = asyncio.create_task(session.call_tool("attribute", {"prompt": f"third {WORDS}", "method": "shap"}))
            await asyncio.to_thread(begun, endpoint, before)
            asked.cancel()

    asyncio.run(leave())
    ended(endpoint, before)


def test_look_ups_are_counted_for_each_visitor(space: Space) -> None:
    client = Client(space.url, verbose=False)
    assert client.predict(id="xsb-homonyms-001", api_name="/records")["total"] == 1
    assert client.predict(api_name="/results") == []
    for name, asked in {"/records": {}, "/results": {}, "/check_record": {"record": "a: b"}}.items():
        with pytest.raises(Exception, match="this Space takes 2 questions a minute from a visitor; wait"):
            client.predict(**asked, api_name=name)
