"""What stands before Gradio's routes, without Gradio."""

import asyncio

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from space_app.gate import HEADERS, Gate, from_here


async def inside(scope: Scope, receive: Receive, send: Send) -> None:
    """What the gate stands before: it tells how much it was sent."""
    await PlainTextResponse(str(len(await Request(scope, receive).body())))(scope, receive, send)


def ask(method: str, path: str, content: bytes = b"") -> httpx.Response:
    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(Gate(inside, 10, ["answer"])), base_url="http://space"
        ) as client:
            return await client.request(method, path, content=content)

    return asyncio.run(asked())


def test_what_is_larger_than_the_limit_is_not_read() -> None:
    assert ask("POST", "/gradio_api/queue/join", b"x" * 10).text == "10"
    large = ask("POST", "/gradio_api/queue/join", b"x" * 11)
    assert (large.status_code, large.text) == (413, "more than 10 bytes")


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/proxy=https://huggingface.co/x", "/gradio_api/file=https://huggingface.co/x",
        "/gradio_api/file=http://127.0.0.1/", "/gradio_api/file/http://127.0.0.1/", "/gradio_api/deep_link",
        "/gradio_api/process_recording", "/gradio_api/vibe-edit", "/gradio_api/run-history/connect", "/gradio_api/runs",
        "/monitoring", "/monitoring/summary", "/gradio_api/custom_component/a/client/b/c", "/gradio_api/token",
        "/gradio_api/stream/a/0/1/playlist.m3u8", "/gradio_api/file=HTTPS://huggingface.co/x",
        "/gradio_api//proxy=https://huggingface.co/x",
        "/gradio_api/call/step", "/gradio_api/call/v2/step", "/gradio_api/call//step", "/gradio_api/call/",
    ],
)  # fmt: skip
def test_what_no_tab_needs_is_closed(path: str) -> None:
    assert ask("GET", path).status_code == ask("POST", path).status_code == 404


@pytest.mark.parametrize(
    "path",
    ["/", "/config", "/theme.css", "/gradio_api/info", "/gradio_api/queue/join", "/gradio_api/call/answer",
     "/gradio_api/call/v2/answer", "/gradio_api/call/answer/5a", "/gradio_api/run/predict",
     "/gradio_api/mcp/", "/gradio_api/heartbeat/a", "/login/huggingface", "/assets/index.js"],
)  # fmt: skip
def test_what_the_page_needs_is_open_and_has_the_headers(path: str) -> None:
    answer = ask("GET", path)
    assert answer.status_code == 200 and {name: answer.headers[name] for name in HEADERS} == HEADERS


def test_gradio_s_own_words_in_an_address_do_not_reach_it() -> None:
    async def told(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse(scope["query_string"])(scope, receive, send)

    async def asked(query: str) -> str:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(Gate(told, 10)), base_url="http://space") as client:
            return (await client.get(f"/?{query}")).text

    for query, left in (
        ("page=2&tab=try", "&tab=try"),
        ("tab=try&deep_link=../x&n=1", "tab=try&&n=1"),
        ("mypage=2",) * 2,
    ):
        assert asyncio.run(asked(query)) == left


@pytest.mark.parametrize(
    ("headers", "here"),
    [
        ({"sec-fetch-site": "same-origin", "origin": "https://a.example", "host": "b.example"}, True),
        ({"sec-fetch-site": "cross-site", "origin": "https://a.example", "host": "a.example"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"origin": "https://a.example", "host": "a.example"}, True),
        ({"origin": "https://a.example", "host": "10.0.0.7", "x-forwarded-host": "a.example"}, True),
        ({"origin": "https://evil.example", "host": "a.example"}, False),
        ({"origin": "null", "host": "a.example"}, False),
        ({"host": "a.example"}, True),
    ],
)
def test_another_site_s_page_is_told_from_this_one(headers: dict[str, str], here: bool) -> None:
    assert from_here(headers) is here
