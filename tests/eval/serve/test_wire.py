"""Bytes are left as they are: a field more, events cut where they end, and what is read of them."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from eval.serve.wire import ApiError, events, seen, spliced


def test_a_field_is_added_and_every_other_byte_stays() -> None:
    raw = b'{ "b":1.50,  "a":"\\u00e9" }\n'
    more = spliced(raw, {"outcome": "passed"})
    assert more == b'{ "b":1.50,  "a":"\\u00e9" ,"xsb":{"outcome": "passed"}}\n'
    assert json.loads(more)["xsb"] == {"outcome": "passed"}
    assert json.loads(spliced(b"{ }", {})) == {"xsb": {}}
    assert spliced(b"data: [DONE]\n\n", {"a": 1}) == b"data: [DONE]\n\n"
    assert spliced(b"<html>", {"a": 1}) == b"<html>"


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_events_are_cut_at_blank_lines_wherever_the_pieces_end(size: int) -> None:
    raw = b'data: {"a": 1}\n\n: comment\n\ndata: {"b":\ndata: 2}\r\n\r\ndata: [DONE]\n\ndata: rest'

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(raw), size):
            yield raw[at : at + size]

    async def collected() -> list[bytes]:
        return [event async for some in events(pieces()) for event in some]

    found = asyncio.run(collected())
    assert b"".join(found) == raw
    assert len(found) == 5


def test_what_is_read_of_an_event() -> None:
    text = seen(b'data: {"choices": [{"index": 0, "delta": {"content": "Hi", "refusal": null}}]}\n\n')
    assert (text.text, text.other, text.finish) == ("Hi", False, "")
    assert seen(b'data: {"choices": [{"delta": {"reasoning_content": "hm"}}]}\n\n').other
    assert seen(b'data: {"choices": [{"delta": {"tool_calls": [{}]}}]}\n\n').other
    assert seen(b'data: {"choices": [{"delta": {}, "finish_reason": "length"}]}\n\n').finish == "length"
    assert seen(b'data: {"choices": [], "usage": {"prompt_tokens": 3}}\n\n').usage == {"prompt_tokens": 3}
    assert seen(b'data: {"error": {"message": "x"}}\n\n').error
    assert seen(b"data: [DONE]\n\n").done
    for odd in (b": hello\n\n", b"data: 3\n\n", b"data: {\n\n", b'data: {"choices": [null]}\n\n'):
        assert seen(odd) == seen(b"")


def test_errors_have_openais_form() -> None:
    error = ApiError(404, "no", param="model", code="model_not_found")
    told = {"message": "no", "type": "invalid_request_error", "param": "model", "code": "model_not_found"}
    assert json.loads(error.body) == {"error": told}
    assert error.event == b"data: " + error.body + b"\n\n"
