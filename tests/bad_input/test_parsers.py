"""What reads foreign text, on whatever hypothesis makes up: a result, or an error that is meant for the user."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from builder.source.read import read_text
from eval.commands.settings import as_typed
from eval.errors import XsbError, plain
from eval.jsonl import read as read_lines
from eval.load import record
from eval.load.formats import adapted
from eval.record import Message, Record
from eval.serve.asked import read as read_request
from eval.serve.parameters import read_parameters
from eval.serve.wire import ApiError
from eval.words import find_all, words
from space_app.contribute.api import check_record
from space_app.explore.choice import Choice
from space_app.results.asked import asked_of

made_up = settings(
    derandomize=True, max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
TEXT = st.text(st.characters(exclude_categories=[]), max_size=60)  # lone surrogates and NUL too
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(
    ["id", "prompt", "Prompt1", "prompt_2", "label", "type", "focus", "neutral", "focus_spans", "messages"]
)
ROWS = st.lists(st.dictionaries(KEYS | TEXT, VALUES, max_size=6), max_size=4)
FIELDS = st.sampled_from(
    ["model", "messages", "stream", "stop", "seed", "n", "max_tokens", "temperature", "tools", "stream_options"]
)
MESSAGES = st.lists(st.dictionaries(st.sampled_from(["role", "content"]), VALUES))
MARKS = [
    "type: homonyms", "records:", "- ", "  ", "\n", "{", "}", "[", "]", ": ", "&a ", "*a", "!!int ", '"', "'", "? ",
    "---", "prompt", "label: safe", "focus: [Kill]", "\t", "\u2028", "\x85", "|", ">", "#", "<<: ",
]  # fmt: skip
SNIPPETS = st.lists(st.sampled_from(MARKS) | TEXT, max_size=25)


class Line(BaseModel):
    """A row of a file of lines."""

    name: str
    number: int = 0


@made_up
@given(ROWS)
def test_rows_of_any_table(rows: list[dict[str, Any]]) -> None:
    try:
        found = [record(row, number) for number, row in enumerate(adapted(rows).rows, 1)]
    except XsbError as error:
        assert len(plain(str(error))) <= 1100 and "\n" not in plain(str(error))
    else:
        assert all(isinstance(one, Record) for one in found)


@made_up
@given(SNIPPETS)
def test_yaml_of_records(parts: list[str]) -> None:
    records, places, problems = read_text("".join(parts), "x.yaml")
    assert problems or len(records) == len(places)
    assert all(problem.message for problem in problems)


@made_up
@given(st.binary(max_size=200) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_files_of_lines(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "lines.jsonl"
    file.write_bytes(content + b"\n")
    try:
        assert all(isinstance(row, Line) for row in read_lines(file, Line))
    except XsbError as error:
        assert str(file) in str(error)


@made_up
@given(st.dictionaries(FIELDS | TEXT, VALUES, max_size=6), MESSAGES)
def test_bodies_of_requests(fields: dict[str, Any], messages: list[dict[str, Any]]) -> None:
    for body in (fields, {**fields, "messages": messages}):
        try:
            read_parameters(read_request(json.dumps(body).encode()), "tiny")
        except ApiError as error:
            assert 400 <= error.status < 500 and json.loads(error.body)["error"]["message"]


@made_up
@given(st.binary(max_size=300))
def test_bytes_of_requests(body: bytes) -> None:
    with pytest.raises(ApiError) as caught:
        read_request(body)
    assert caught.value.status == 400


@made_up
@given(st.lists(TEXT, min_size=1, max_size=3), TEXT)
def test_words_of_any_text(texts: list[str], word: str) -> None:
    messages = [Message.model_construct(role="user", content=text) for text in texts]
    for span in [*words(messages), *find_all(messages, [word])]:
        assert span.text(messages) and span.start < span.end


@made_up
@given(VALUES | SNIPPETS.map("".join))
def test_check_record_of_anything(value: Any) -> None:
    found = check_record(value)
    assert found["valid"] is False and found["problems"]


@made_up
@given(st.dictionaries(st.sampled_from(["page", "run", "sort", "q"]), TEXT), TEXT)
def test_addresses_of_the_page(query: dict[str, str], text: str) -> None:
    asked = asked_of(query)
    assert asked.page >= 1 and asked_of({}).page == 1
    assert Choice(q=text).q == text


@made_up
@given(st.dictionaries(TEXT | st.just("model"), VALUES, max_size=4))
def test_settings_of_a_command(content: dict[Any, Any]) -> None:
    try:
        found = as_typed(Path("x.yaml"), content, {"model"})
    except XsbError as error:
        assert plain(str(error))
    else:
        assert all(isinstance(value, str) for value in found.values())
