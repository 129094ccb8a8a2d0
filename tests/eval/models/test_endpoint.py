"""How an endpoint is asked: several at a time, again where that may help, from any thread; and no key is told."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from tenacity import wait_fixed

import eval.models.endpoint
from eval.errors import EndpointError, ModelError
from eval.models.account import Account, paying
from eval.models.endpoint import LONGEST, Endpoint
from eval.models.failures import wait_of
from eval.models.ledger import Ledger
from eval.models.openai import OpenAIModel
from tests.conftest import free_port
from tests.eval.models.asking import GOOD, after, asked
from tests.scripted import completion, failure, scripted

KEY = "sk-very-secret-0123456789"


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asks again soon."""
    monkeypatch.setattr(eval.models.endpoint, "BACK_OFF", wait_fixed(0.05))


def test_beside_and_below_a_running_event_loop() -> None:
    async def both(model: OpenAIModel) -> tuple[str, str]:
        beside = await asyncio.to_thread(model.generate, asked(1))
        return beside[0].text, model.generate(asked(1))[0].text

    with scripted(lambda _: GOOD) as server:
        assert asyncio.run(both(OpenAIModel("openai:m", server.url))) == ("Sure.", "Sure.")


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize(
    "fault",
    [
        failure(500, "oops"),
        failure(503, "loading"),
        failure(408, "timeout"),
        failure(429, "rate_limit_exceeded"),
        (200, b'{"id": "x", "choices": [{"ind'),
        (200, {"error": {"message": "upstream timed out", "code": 504}}),
        (200, {"error": {"message": "Internal error", "type": "server_error"}}),
        (200, {"error": "the server is overloaded"}),
        completion(None, "error", error={"code": 502}),
    ],
)
def test_what_may_pass_is_asked_again(fault: tuple[int, Any]) -> None:
    if fault[0] == 200 and isinstance(fault[1], dict) and "choices" in fault[1]:
        fault[1]["choices"][0]["error"] = {"message": "bad gateway", "code": 502}
    with scripted(after(fault)) as server:
        (reply,) = OpenAIModel("openai:m", server.url).generate(asked(1))
    assert (reply.text, len(server.asked)) == ("Sure.", 2)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (failure(401, "invalid_api_key"), "the key is not accepted here: set OPENAI_API_KEY"),
        (failure(403, "forbidden"), "the key is not accepted here"),
        (failure(404, "model_not_found"), "is that the model's name there, and does --base-url end in /v1"),
        ((404, {"detail": "Not Found"}), "does --base-url end in /v1"),
        ((404, b"<html>nothing here</html>"), "does --base-url end in /v1"),
        (failure(400, "bad", "you must provide a chat template"), "serve a model that has a chat template"),
        (failure(400, "unsupported_value", "temperature 0 is not supported"), "takes no such request"),
        (failure(429, "insufficient_quota", "check your billing"), "takes no more for now"),
        ((200, {"error": {"message": "no such key", "code": 401}}), "the key is not accepted"),
        ((200, {"hello": "there"}), "does not answer as an OpenAI endpoint; does --base-url end in /v1"),
        ((200, b'"hello"'), "does not answer as an OpenAI endpoint"),
    ],
)
def test_what_is_the_same_for_any_request_is_told_at_once(fault: tuple[int, Any], message: str) -> None:
    with scripted(lambda _: fault) as server, pytest.raises(EndpointError, match=message) as error:
        OpenAIModel("openai:m", server.url, concurrency=1).generate(asked(3))
    assert len(server.asked) == 1, "neither again nor for another"
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "fault",
    [
        failure(400, "context_length_exceeded", "maximum context length is 8"),
        failure(413, "too_large"),
        failure(422, "unprocessable"),
        (200, {"error": {"message": "this prompt is too long", "code": 400}}),
        (200, {"error": {"message": "this prompt is odd"}}),
    ],
)
def test_a_request_that_is_refused_does_not_cost_the_others_their_answer(fault: tuple[int, Any]) -> None:
    def picky(request: dict[str, Any]) -> tuple[int, Any]:
        return fault if "Question 1" in request["messages"][-1]["content"] else GOOD

    with scripted(picky) as server, paying(Account(Ledger())):
        model = OpenAIModel("openai:m", server.url)
        for _ in range(2):
            with pytest.raises(ModelError) as error:
                model.generate(asked(4))
            assert not isinstance(error.value, EndpointError)
        assert len(model.generate([asked(4)[i] for i in (0, 2, 3)])) == 3
    assert len(server.asked) == 4, "what was answered is known, and what was refused too"


@pytest.mark.usefixtures("soon")
def test_one_that_always_fails_beside_others_that_do_not_is_to_blame_itself() -> None:
    def poisoned(request: dict[str, Any]) -> tuple[int, Any]:
        return failure(500, "oops") if "Question 0" in request["messages"][-1]["content"] else GOOD

    with scripted(poisoned) as server:
        model = OpenAIModel("openai:m", server.url, retries=2)
        with pytest.raises(ModelError, match="500") as error:
            model.generate(asked(3))
        assert not isinstance(error.value, EndpointError)
        with pytest.raises(EndpointError, match="or try again later"):
            model.generate(asked(1))


def test_newer_models_are_told_the_limit_by_its_other_name() -> None:
    def newer(request: dict[str, Any]) -> tuple[int, Any]:
        if "max_tokens" in request:
            return failure(400, "unsupported_parameter", "Use 'max_completion_tokens' instead of 'max_tokens'.")
        return completion(str(request["max_completion_tokens"]))

    with scripted(newer) as server:
        replies = OpenAIModel("openai:m", server.url).generate(asked(4), 9)
    assert [reply.text for reply in replies] == ["9"] * 4


def test_a_content_filter_is_an_answer_that_is_kept() -> None:
    with scripted(lambda _: failure(400, "content_filter")) as server, paying(Account(Ledger())):
        model = OpenAIModel("openai:m", server.url)
        assert [model.generate(asked(1))[0].finish for _ in range(2)] == ["content_filter"] * 2
    assert len(server.asked) == 1


def test_an_endpoint_that_is_down_is_told_soon() -> None:
    started = time.perf_counter()
    with pytest.raises(EndpointError, match="is the server running") as error:
        OpenAIModel("openai:m", f"http://127.0.0.1:{free_port()}/v1").generate(asked(20))
    assert time.perf_counter() - started < 10
    assert "\n" not in str(error.value)


def test_an_endpoint_that_comes_back_is_waited_for() -> None:
    with scripted(after(*[failure(503, "loading")] * 3)) as server:
        started = time.perf_counter()
        assert OpenAIModel("openai:m", server.url).generate(asked(1))[0].text == "Sure."
    assert time.perf_counter() - started > 0.5 + 1 + 2, "longer each time"


def test_the_time_that_an_endpoint_asks_for_is_waited() -> None:
    import httpx2
    import openai

    def error(**headers: str) -> Exception:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = httpx2.Request("POST", "http://x/v1")
        return openai.RateLimitError("slow", response=httpx2.Response(429, headers=named, request=request), body=None)

    assert wait_of(error(retry_after="7")) == 7
    assert wait_of(error(retry_after_ms="250", retry_after="7")) == 0.25
    date = "Mon, 30 Nov 2026 09:00:{:02} GMT"
    assert wait_of(error(retry_after=date.format(40), date=date.format(10))) == 30
    assert wait_of(error(retry_after="soon")) is wait_of(error()) is wait_of(ValueError("no")) is None
    assert LONGEST >= 60


@pytest.mark.parametrize("fault", [401, 400, 404, 500])
def test_no_key_is_told_whatever_the_endpoint_says_of_it(fault: int) -> None:
    def telling(_: dict[str, Any]) -> tuple[int, Any]:
        return failure(fault, "x", f"the key {KEY} and the password s3cret-word are wrong")

    with scripted(telling) as server:
        url = server.url.replace("//", "//me:s3cret-word@")
        with pytest.raises(ModelError) as error:
            OpenAIModel("openai:m", url, api_key=KEY, retries=0).generate(asked(1))
    assert KEY not in str(error.value) and "s3cret-word" not in str(error.value)
    assert "*** and the password ***" in str(error.value)


@pytest.mark.parametrize("url", [f"me:{KEY}@host/v1", f"http://me:{KEY}@host:port/v1", f"here?key={KEY}"])
def test_no_key_is_told_of_an_address_that_is_none(url: str) -> None:
    with pytest.raises(ModelError, match="is no address") as error:
        Endpoint("m", url)
    assert KEY not in str(error.value)


def test_seeds_and_temperature_are_sent() -> None:
    echo: Callable[[dict[str, Any]], tuple[int, Any]] = lambda request: completion(  # noqa: E731
        json.dumps([request["temperature"], request.get("seed")])
    )
    with scripted(echo) as server:
        model = OpenAIModel("openai:m", server.url)
        drawn = model.generate(asked(2), temperature=0.5, seeds=[3, 4])
        greedy = model.generate(asked(1))
    assert [json.loads(reply.text) for reply in (*drawn, *greedy)] == [[0.5, 3], [0.5, 4], [0, None]]
