"""Before an endpoint: bytes go through as they are, and refusals that hang on a word do not."""

import asyncio
import json
from typing import Any

import httpx
import openai
import pytest
from openai.types.chat import ChatCompletion

from tests.eval.serve.gateways import (
    ANSWER,
    HARMFUL,
    HELLO,
    KEY,
    PROMPT,
    REFUSAL,
    Endpoint,
    ask,
    before,
    completion,
    counted,
    stream,
)  # fmt: skip


def test_an_ordinary_request_goes_on_and_comes_back_byte_for_byte(server: Endpoint, url: str) -> None:
    messages = b'[{"role":"user","content":"H\\u00e9llo", "x":1}]'
    raw = b'{"zebra": {"a":[1, 2.50]},\n "model":"small" , "messages":%s,"top_k":3}' % messages
    found = httpx.post(
        f"{url}/chat/completions?v=1", content=raw, headers={"authorization": f"Bearer {KEY}", "x-own": "1"}
    )
    assert server.bodies == [raw]
    assert server.paths == ["/v1/chat/completions?v=1"]
    assert (server.headers[0]["authorization"], server.headers[0]["x-own"]) == (f"Bearer {KEY}", "1")
    told = found.content.partition(b',"xsb":')
    assert told[0] + b"}\n" == completion(ANSWER, "small"), "and nothing but the field is added"
    assert found.json()["xsb"]["outcome"] == found.headers["x-xsb"] == "passed"
    assert found.json()["xsb"]["extra_requests"] == 0
    assert found.headers["x-request-id"] == "r1"


def test_a_refusal_that_hangs_on_a_word_is_answered_anew(server: Endpoint, url: str) -> None:
    found = ask(url, PROMPT, temperature=0.3, stop=["\n\n"], odd={"a": 1})
    told = found.json()
    assert told["choices"][0]["message"]["content"] == ANSWER
    assert found.headers["x-xsb"] == "mitigated; ignore_word"
    xsb = told["xsb"]
    assert (xsb["mitigation"], xsb["triggers"], xsb["guard"]) == ("ignore_word", ["kill"], "allowed")
    assert xsb["extra_requests"] == len(server.bodies) - 2, "but the first, and the question for log-probabilities"
    assert xsb["extra_tokens"] == 12 * xsb["extra_requests"], "of the refusal, and of all but the last answer"
    assert told["usage"] == {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
    first, last = json.loads(server.bodies[0]), json.loads(server.bodies[-1])
    assert last["messages"][0]["content"].startswith(f"{PROMPT}\n\nNote that")
    assert {**last, "messages": 0} == {**first, "messages": 0}, "all parameters are the client's"


def test_what_a_mitigation_costs_is_counted(url: str) -> None:
    ask(url, PROMPT)
    ask(url, "Hello")
    found = counted(url)
    assert found['xsb_requests_total{outcome="mitigated"}'] == found['xsb_requests_total{outcome="passed"}'] == 1
    assert found['xsb_interventions_total{result="mitigated"}'] == 1
    assert found['xsb_tokens_total{kind="completion"}'] == 10
    assert found['xsb_tokens_total{kind="extra"}'] > 12
    assert found["xsb_overhead_seconds_count"] == 1
    assert found["xsb_intervention_seconds_count"] == 1


def test_a_harmful_request_with_the_same_word_stays_refused_at_no_cost(server: Endpoint, url: str) -> None:
    found = ask(url, HARMFUL)
    assert found.content.partition(b',"xsb":')[0] + b"}\n" == completion(REFUSAL, "small")
    assert found.headers["x-xsb"].startswith("refused; guard: it reads as harmful")
    assert len(server.bodies) == 1


@pytest.mark.parametrize("field", [{"n": 2}, {"tools": [{"type": "function", "function": {"name": "f"}}]}])
def test_what_is_not_one_text_is_passed_on_and_said(server: Endpoint, url: str, field: dict[str, Any]) -> None:
    found = ask(url, PROMPT, **field)
    assert found.headers["x-xsb"] == f"skipped; {'tools' if 'tools' in field else 'n is not 1'}"
    assert found.json()["choices"][0]["message"]["content"] == REFUSAL
    assert len(server.bodies) == 1


def test_a_stream_comes_through_unchanged(url: str) -> None:
    fields: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}
    found = ask(url, "Hello", **fields)
    assert found.headers["x-xsb"] == "passed"
    sent = stream(ANSWER, "small", True)
    events = found.content.split(b"\n\n")
    assert [event + b"\n\n" for event in events[: len(sent) - 2]] == sent[:-2]
    assert events[-2] == b"data: [DONE]"
    last = json.loads(events[-3].removeprefix(b"data: "))
    assert last.pop("xsb")["outcome"] == "passed"
    assert last == json.loads(sent[-2].removeprefix(b"data: ")), "the chunk with the usage"


def test_the_beginning_is_held_and_the_rest_flows(url: str) -> None:
    times = []
    with httpx.stream(
        "POST", f"{url}/chat/completions", json={"model": "slow", "messages": HELLO, "stream": True}, timeout=30
    ) as found:
        for _ in found.iter_raw():
            times.append(found.elapsed if found.is_closed else len(times))
    assert len(times) > 20, "event by event, not all at once"


def test_a_refused_stream_is_answered_anew(server: Endpoint, client: openai.OpenAI) -> None:
    fields: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}
    chunks = list(
        client.chat.completions.create(model="small", messages=[{"role": "user", "content": PROMPT}], **fields)
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text.startswith(ANSWER)
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == len(text.split())
    xsb = (chunks[-1].model_extra or {})["xsb"]
    assert (xsb["outcome"], xsb["extra_requests"]) == ("mitigated", len(server.bodies) - 2)
    harmful = list(
        client.chat.completions.create(model="small", messages=[{"role": "user", "content": HARMFUL}], stream=True)
    )
    assert "".join(chunk.choices[0].delta.content or "" for chunk in harmful) == REFUSAL
    assert (harmful[-1].model_extra or {})["xsb"]["outcome"] == "refused"


def test_the_list_of_models_is_the_endpoints(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["small"]


def test_the_own_key_is_used_where_the_client_has_none(server: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with before(server) as url:
        body = {"model": "small", "messages": [{"role": "user", "content": PROMPT}]}
        httpx.post(f"{url}/chat/completions", json=body, timeout=60)
    assert {headers["authorization"] for headers in server.headers} == {f"Bearer {KEY}"}
    assert len(server.headers) > 3


def test_many_at_once(url: str) -> None:
    async def all_of_them() -> list[ChatCompletion]:
        async with openai.AsyncOpenAI(base_url=url, api_key=KEY, max_retries=0) as many:
            prompts = [PROMPT if n % 10 == 0 else f"Hello {n}" for n in range(50)]
            return await asyncio.gather(*(
                many.chat.completions.create(model="small", messages=[{"role": "user", "content": text}])
                for text in prompts
            ))  # fmt: skip

    found = asyncio.run(all_of_them())
    assert [(one.model_extra or {})["xsb"]["outcome"] for one in found] == [
        "mitigated" if n % 10 == 0 else "passed" for n in range(50)
    ]
    assert all(one.choices[0].message.content == ANSWER for one in found)
