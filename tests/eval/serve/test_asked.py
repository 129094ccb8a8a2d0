"""What is read of a request, and what is left alone; parameters of a local model."""

import json
from typing import Any

import pytest

from eval.record import Message
from eval.serve.asked import read
from eval.serve.parameters import read_parameters
from eval.serve.wire import ApiError

HELLO = [{"role": "user", "content": "Hello"}]


def asked(**fields: Any) -> bytes:
    return json.dumps({"model": "m", "messages": HELLO, **fields}).encode()


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "invalid_json"), (b"{", "invalid_json"), (b"[]", "invalid_json"), (b"\xff", "invalid_json"),
        (b"[" * 100_000, "invalid_json"), (b"{}", "invalid_messages"), (b'{"messages": []}', "invalid_messages"),
        (b'{"messages": "hi"}', "invalid_messages"), (b'{"messages": ["hi"]}', "invalid_messages"),
    ],
)  # fmt: skip
def test_broken_bodies(raw: bytes, code: str) -> None:
    with pytest.raises(ApiError) as caught:
        read(raw)
    assert (caught.value.status, json.loads(caught.value.body)["error"]["code"]) == (400, code)


@pytest.mark.parametrize(
    ("fields", "skip"),
    [
        ({}, ""),
        ({"n": 1, "tools": [], "response_format": {"type": "text"}}, ""),
        ({"n": 2}, "n is not 1"),
        ({"tools": [{"type": "function"}]}, "tools"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"messages": [{"role": "tool", "content": "3"}]}, "tools"),
        ({"messages": [*HELLO, {"role": "assistant", "content": "Hi"}]}, "the last message is not the user's"),
        ({"messages": [{"role": "user", "content": None}]}, "content that is not text"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "content that is not text"),
    ],
)
def test_what_is_left_alone(fields: dict[str, Any], skip: str) -> None:
    assert read(asked(**fields)).skip == skip


def test_only_changed_messages_are_written_anew() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    messages = [{"role": "developer", "content": "Be brief", "x": 1}, {"role": "user", "content": parts, "name": "ann"}]
    found = read(asked(messages=messages, top_p=0.3, odd={"k": [1]}))
    assert found.messages == [Message(role="system", content="Be brief"), Message(role="user", content="a\nb")]
    sent = [found.messages[0], Message(role="user", content="c")]
    told = json.loads(found.changed(sent))
    assert told == {**found.fields, "messages": [messages[0], {"role": "user", "content": "c", "name": "ann"}]}


def test_parameters_that_are_honoured() -> None:
    found = read_parameters(
        read(asked(max_completion_tokens=5, max_tokens=9, temperature=1, seed=-3, stop="x", user="u", top_p=1.0)), "m"
    )
    assert (found.tokens, found.temperature, found.seed, found.stop, found.usage) == (5, 1.0, 2**64 - 3, ("x",), False)
    assert read_parameters(read(asked(stream_options={"include_usage": True})), "m").usage


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"top_p": 0.9}, "top_p"), ({"logprobs": True}, "logprobs"), ({"n": 2}, "n"),
        ({"frequency_penalty": 1}, "frequency_penalty"),
        ({"made_up": 1}, "made_up"), ({"temperature": 3}, "temperature"), ({"temperature": "hot"}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"), ({"max_tokens": 1.5}, "max_tokens"), ({"seed": "a"}, "seed"),
        ({"stop": ["", "a"]}, "stop"), ({"stop": 3}, "stop"), ({"tools": [{}]}, "tools"), ({"model": None}, "model"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages"),
    ],
)  # fmt: skip
def test_parameters_that_are_not(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(ApiError) as caught:
        read_parameters(read(asked(**fields)), "m")
    assert (caught.value.status, json.loads(caught.value.body)["error"]["param"]) == (400, param)


def test_another_model() -> None:
    with pytest.raises(ApiError) as caught:
        read_parameters(read(asked(model="other")), "m")
    assert (caught.value.status, json.loads(caught.value.body)["error"]["code"]) == (404, "model_not_found")
