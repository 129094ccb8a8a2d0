"""skittish behind the gateway, asked by the real client."""

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from openai.types.chat import ChatCompletion

from eval.models.transformers import TransformersModel
from eval.record import conversation
from eval.serve.local import Local
from tests.eval.serve.gateways import HARMFUL, PROMPT, REFUSAL, gateway

pytestmark = pytest.mark.skittish
FRANCE = "What is the capital of France?"


@pytest.fixture(scope="module")
def url(skittish: TransformersModel) -> Iterator[str]:
    with gateway(Local(skittish, "steer", 16)) as found:
        yield found


@pytest.fixture
def client(url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=url, api_key="none", max_retries=0) as found:
        yield found


def ask(client: openai.OpenAI, prompt: str, **fields: Any) -> ChatCompletion:
    fields = {"max_tokens": 8, "model": "skittish", **fields}
    found = client.chat.completions.create(messages=[{"role": "user", "content": prompt}], **fields)
    assert isinstance(found, ChatCompletion)
    return found


def text_of(chunks: Any) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def test_an_answer_is_the_models(client: openai.OpenAI, skittish: TransformersModel) -> None:
    (own,) = skittish.generate([conversation(FRANCE)], 8)
    found = ask(client, FRANCE)
    assert (found.choices[0].message.content, found.choices[0].finish_reason) == (own.text, own.finish)
    assert found.usage is not None
    prompt = skittish.tokenizer(skittish.render(conversation(FRANCE)), add_special_tokens=False)["input_ids"]
    assert (found.usage.prompt_tokens, found.usage.completion_tokens) == (len(prompt), own.tokens)
    chunks = list(client.chat.completions.create(
        model="skittish", messages=[{"role": "user", "content": FRANCE}], max_completion_tokens=8, stream=True,
        stream_options={"include_usage": True},
    ))  # fmt: skip
    assert text_of(chunks) == own.text
    assert chunks[-1].usage == found.usage
    assert len(chunks) > 6, "in pieces"
    assert (chunks[-1].model_extra or {})["xsb"]["outcome"] == "passed"


def test_a_refusal_that_hangs_on_a_word_is_steered(client: openai.OpenAI) -> None:
    chunks = list(client.chat.completions.create(
        model="skittish", messages=[{"role": "user", "content": PROMPT}], max_tokens=8, stream=True,
        stream_options={"include_usage": True},
    ))  # fmt: skip
    assert text_of(chunks) and not text_of(chunks).startswith("I can't")
    assert chunks[-1].usage is not None and chunks[-1].usage.completion_tokens == 8
    xsb = (chunks[-1].model_extra or {})["xsb"]
    assert (xsb["outcome"], xsb["mitigation"], xsb["triggers"]) == ("mitigated", "steer", ["kill"])
    assert xsb["extra_requests"] > 5 and xsb["extra_tokens"] > 40


def test_a_harmful_request_stays_refused(client: openai.OpenAI) -> None:
    found = ask(client, HARMFUL)
    assert found.choices[0].message.content == REFUSAL
    assert (found.model_extra or {})["xsb"]["reason"].startswith("guard: it reads as harmful")


def test_fifty_at_once_are_answered_as_alone(tiny: TransformersModel) -> None:
    prompts = [f"The quick fox number {n}" + " stops" * (n % 7) for n in range(50)]

    async def all_of_them(url: str) -> list[ChatCompletion]:
        async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as many:
            return await asyncio.gather(*(
                many.chat.completions.create(
                    model=tiny.name, messages=[{"role": "user", "content": text}], max_tokens=4 + at % 3
                )
                for at, text in enumerate(prompts)
            ))  # fmt: skip

    with gateway(Local(tiny, "ignore_word", 16)) as url:
        found = asyncio.run(all_of_them(url))
    own = [tiny.generate([conversation(text)], 4 + at % 3)[0] for at, text in enumerate(prompts)]
    assert [one.choices[0].message.content for one in found] == [reply.text for reply in own]
    assert [one.usage.completion_tokens for one in found if one.usage] == [reply.tokens for reply in own]


def test_sampling_stop_and_seed(client: openai.OpenAI) -> None:
    one, same, other = (ask(client, FRANCE, temperature=1.5, seed=seed, max_tokens=6) for seed in (1, 1, 2))
    assert one.choices[0].message.content == same.choices[0].message.content != other.choices[0].message.content
    stopped = ask(client, FRANCE, stop=[" of"])
    assert stopped.choices[0].message.content == "The capital"
    assert stopped.choices[0].finish_reason == "stop"
    assert stopped.usage is not None and stopped.usage.completion_tokens <= 4
    assert ask(client, FRANCE).choices[0].finish_reason == "length"


def test_errors(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as unknown:
        ask(client, FRANCE, model="gpt-4o")
    assert unknown.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError) as long:
        ask(client, "word " * 9000)
    assert long.value.code == "context_length_exceeded"
    with pytest.raises(openai.BadRequestError) as much:
        ask(client, FRANCE, max_tokens=100_000)
    assert much.value.code == "context_length_exceeded"
    with pytest.raises(openai.BadRequestError) as nucleus:
        ask(client, FRANCE, top_p=0.5)
    assert nucleus.value.param == "top_p"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-4o")
    assert client.models.retrieve("skittish").id == "skittish"


def test_who_goes_does_not_keep_the_model_busy(url: str, client: openai.OpenAI) -> None:
    body = {
        "model": "skittish",
        "messages": [{"role": "user", "content": FRANCE}],
        "max_tokens": 4000,
        "temperature": 2,
    }
    with httpx.stream("POST", f"{url}/chat/completions", json={**body, "stream": True}, timeout=60) as found:
        next(found.iter_raw())
    started = time.monotonic()
    ask(client, FRANCE, max_tokens=2)
    assert time.monotonic() - started < 10
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{url}/chat/completions", json=body, timeout=0.5)
    started = time.monotonic()
    ask(client, FRANCE, max_tokens=2)
    assert time.monotonic() - started < 10


def test_a_mitigation_that_does_not_help_leaves_the_refusal(skittish: TransformersModel) -> None:
    with gateway(Local(skittish, "ignore_word", 16)) as url, openai.OpenAI(base_url=url, api_key="none") as client:
        found = ask(client, PROMPT)
    xsb = (found.model_extra or {})["xsb"]
    assert found.choices[0].message.content == REFUSAL
    assert (xsb["outcome"], xsb["reason"]) == ("refused", "ignore_word did not help")
    assert found.usage is not None and xsb["extra_tokens"] > found.usage.total_tokens


def test_a_model_whose_answers_cannot_be_watched(tiny: TransformersModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its stream comes at the end, and stop sequences still hold."""
    monkeypatch.setattr(tiny, "decodable", False)
    (own,) = tiny.generate([conversation("Hi")], 8)
    with gateway(Local(tiny, "ignore_word", 8)) as url:
        body = {"model": tiny.name, "messages": [{"role": "user", "content": "Hi"}], "stop": own.text[2]}
        whole = httpx.post(f"{url}/chat/completions", json=body, timeout=60).json()
        streamed = httpx.post(f"{url}/chat/completions", json={**body, "stream": True}, timeout=60).text
    assert whole["choices"][0]["message"]["content"] == own.text[: own.text.index(own.text[2])]
    parts = [json.loads(line[6:]) for line in streamed.splitlines() if line.startswith("data: {")]
    text = "".join(part["choices"][0]["delta"].get("content", "") for part in parts)
    assert text == whole["choices"][0]["message"]["content"]


def test_half_a_character_is_an_error_and_harms_nobody_else(tiny: TransformersModel) -> None:
    with gateway(Local(tiny, "ignore_word", 4)) as url:
        odd, fine = (
            httpx.post(
                f"{url}/chat/completions",
                content=json.dumps({"model": tiny.name, "messages": [{"role": "user", "content": text}]}),
                timeout=60,
            )
            for text in ("half \ud800 a pair", "Hi")
        )
    assert (odd.status_code, odd.json()["error"]["code"]) == (400, "unsupported_value")
    assert fine.status_code == 200
