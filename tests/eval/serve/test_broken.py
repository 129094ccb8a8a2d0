"""What goes wrong before, in and behind the gateway: nothing is lost, nothing hangs, and no key is shown."""

import logging
import socket

import httpx
import openai
import pytest

from eval.serve.upstream import Upstream
from tests.conftest import free_port
from tests.eval.serve.gateways import (
    HELLO,
    KEY,
    PROMPT,
    REFUSAL,
    Endpoint,
    ask,
    before,
    counted,
    gateway,
)  # fmt: skip


def test_a_failure_on_the_way_does_not_lose_the_answer(url: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        found = ask(url, PROMPT, model="once")
    assert found.status_code == 200
    assert found.json()["choices"][0]["message"]["content"] == REFUSAL
    assert found.headers["x-xsb"].startswith("failed; an extra request")
    assert counted(url)['xsb_interventions_total{result="failed"}'] == 1


def test_an_intervention_that_takes_too_long(server: Endpoint) -> None:
    with before(server, seconds=0.001) as url:
        found = ask(url, PROMPT)
    assert (found.headers["x-xsb"], found.json()["choices"][0]["message"]["content"]) == (
        "failed; it took too long",
        REFUSAL,
    )


@pytest.mark.parametrize("model", ["cut", "ends"])
def test_an_endpoint_that_dies_in_mid_stream(url: str, model: str, client: openai.OpenAI) -> None:
    """After the release an error event, before it a status; the client raises on both."""
    text = ""
    with pytest.raises(openai.APIError) as caught:
        for chunk in client.chat.completions.create(model=model, messages=HELLO, stream=True):  # type: ignore[call-overload]
            text += chunk.choices[0].delta.content or ""
    assert len(text.split()) > 20
    assert caught.value.code == "upstream_cut"
    with pytest.raises(openai.InternalServerError) as early:
        list(client.chat.completions.create(model=model, messages=[{"role": "user", "content": PROMPT}], stream=True))
    assert (early.value.status_code, early.value.code) == (502, "upstream_cut")
    assert counted(url)['xsb_requests_total{outcome="error"}'] == 2


def test_when_the_client_goes_the_endpoint_is_let_go(server: Endpoint, url: str) -> None:
    with httpx.stream(
        "POST", f"{url}/chat/completions", json={"model": "slow", "messages": HELLO, "stream": True}
    ) as found:
        next(found.iter_raw())
    assert server.gone.wait(10)


def test_errors_of_the_endpoint_are_passed_on(url: str, client: openai.OpenAI) -> None:
    with pytest.raises(openai.AuthenticationError) as wrong:
        client.chat.completions.create(model="wrong", messages=HELLO)  # type: ignore[arg-type]
    assert wrong.value.code == "invalid_api_key"
    with pytest.raises(openai.BadRequestError) as long:
        client.chat.completions.create(model="long", messages=HELLO)  # type: ignore[arg-type]
    assert long.value.code == "context_length_exceeded"
    busy = ask(url, "Hello", model="html")
    assert (busy.status_code, busy.headers["x-xsb"]) == (503, "error; the endpoint answered 503")
    assert busy.json()["error"]["type"] == "upstream_error"
    torn = ask(url, "Hello", model="torn")
    assert torn.headers["x-xsb"].startswith("skipped; the endpoint did not answer with a chat completion")


def test_errors_of_the_gateway_are_openais(url: str, client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        client.embeddings.create(model="small", input="x")
    broken = httpx.post(f"{url}/chat/completions", content=b"{")
    assert (broken.status_code, broken.json()["error"]["code"], broken.headers["x-xsb"]) == (
        400,
        "invalid_json",
        "error",
    )
    assert httpx.get(f"{url}/chat/completions").json()["error"]["code"] == "method_not_allowed"


def test_a_body_that_is_too_large(monkeypatch: pytest.MonkeyPatch, client: openai.OpenAI) -> None:
    monkeypatch.setattr("eval.serve.app.LARGEST", 1000)
    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model="small", messages=[{"role": "user", "content": "a" * 1000}])
    assert (caught.value.status_code, caught.value.code) == (413, "request_too_large")


def test_an_endpoint_that_is_down() -> None:
    with gateway(Upstream("small", f"http://user:{KEY}@127.0.0.1:{free_port()}/v1", "rephrase")) as url:
        with (
            openai.OpenAI(base_url=url, api_key=KEY, max_retries=0) as client,
            pytest.raises(openai.InternalServerError) as caught,
        ):
            client.chat.completions.create(model="small", messages=HELLO)  # type: ignore[arg-type]
        assert (caught.value.status_code, caught.value.code) == (502, "upstream_unreachable")
        assert KEY not in str(caught.value)
        assert httpx.get(f"{url}/models").status_code == 502


@pytest.mark.parametrize("log_prompts", [False, True])
def test_the_log_has_no_key_and_prompts_only_if_asked(
    server: Endpoint, caplog: pytest.LogCaptureFixture, log_prompts: bool
) -> None:
    with caplog.at_level(logging.INFO, "eval.serve"), before(server, log_prompts=log_prompts) as url:
        for model in ("small", "broken"):
            ask(url, PROMPT, model=model)
    lines = [record.getMessage() for record in caplog.records if record.name == "eval.serve"]
    assert len(lines) == 2
    assert all((("kill" in line) or (PROMPT in line)) == log_prompts for line in lines)
    assert KEY not in caplog.text


def test_half_a_request_is_no_trouble(url: str) -> None:
    host, port = url.removeprefix("http://").removesuffix("/v1").split(":")
    with socket.create_connection((host, int(port))) as raw:
        raw.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    assert ask(url, "Hello").status_code == 200
