"""Lines that are candidates, and those that are not, with what is wrong."""

import json

import pytest

from builder.candidate import Candidate
from builder.filters.schema import parsed
from tests.builder.candidates import make


def test_a_candidate() -> None:
    assert parsed(make().model_dump_json().encode() + b"\n") == make()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", "the line: Invalid JSON"),
        (b"\xff\xfe", "the line: Invalid JSON"),
        (b'{"id": "c-1"', "the line: Invalid JSON"),
        (b"[" * 100_000, "the line: Invalid JSON"),
        (b"[]", "the line: "),
        (b'{"id": "c-1"}', "messages: Field required"),
    ],
)
def test_no_candidate(line: bytes, reason: str) -> None:
    got = parsed(line)
    assert isinstance(got, str) and got.startswith(reason) and "\n" not in got


def test_a_wrong_value_is_named() -> None:
    line = make().model_dump_json().replace('"role":"user"', '"role":"reader"')
    got = parsed(line.encode())
    assert isinstance(got, str) and got.startswith("messages.0.role: ")


def test_turns_of_no_record() -> None:
    assert isinstance(parsed(make("A kill?", "Yes.", "Which?").model_dump_json().encode()), Candidate)
    got = parsed(make("A kill?", "Yes.").model_dump_json().encode())
    assert got == "the turns are user, assistant; begin with user, alternate, and end with user"
    none = json.dumps({**json.loads(make().model_dump_json()), "messages": []})
    assert isinstance(got := parsed(none.encode()), str) and got.startswith("messages: ")
