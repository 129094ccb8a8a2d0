"""Asking a language model many things: a real server, and before it a proxy that fails as endpoints do."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import BaseModel, ConfigDict, StringConstraints

import builder.llm.endpoint
from builder.llm.endpoint import Endpoint, Request, ask_all
from eval.errors import ModelError
from eval.jsonl import read
from eval.models.budget import Limits
from eval.models.ledger import Call, Ledger
from eval.record import conversation
from tests.conftest import free_port
from tests.fault_proxy import Fault, FaultProxy, fault_proxy

FAULTS: list[Fault] = ["busy", "whole", "broken", "half", "whole", "torn", "reset", "silent", "whole"]


class Animal(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(min_length=1, max_length=12)]


def requests(count: int) -> list[Request]:
    return [Request(str(i), conversation(f"Name animal number {i}, as JSON."), seed=i) for i in range(count)]


def endpoint(url: str, timeout: float = 60, schema: type[BaseModel] | None = Animal) -> Endpoint:
    return Endpoint("smollm2", url, schema=schema, max_tokens=64, timeout=timeout, temperature=0)


def ask(
    url: str, count: int, file: Path, limits: Limits | None = None, timeout: float = 60
) -> list[tuple[Request, Call]]:
    with endpoint(url, timeout) as model:
        asked = ask_all(model, requests(count), Ledger(file), limits or Limits(2))
        return sorted(asked, key=lambda pair: int(pair[0].name))


@pytest.fixture
def proxy(llama_url: str) -> Iterator[FaultProxy]:
    with fault_proxy(llama_url, ["whole"]) as serving:
        yield serving


def test_answers_keep_the_schema_and_are_paid_once(proxy: FaultProxy, tmp_path: Path) -> None:
    first = ask(proxy.url, 4, tmp_path / "calls.jsonl")
    assert [request.name for request, _ in first] == ["0", "1", "2", "3"]
    for request, call in first:
        assert Animal.model_validate_json(call.content).name
        assert call.seed == request.seed
        assert call.prompt_tokens > 5 and call.completion_tokens > 3
    again = ask(proxy.url, 5, tmp_path / "calls.jsonl")
    assert again[:4] == first
    assert sorted(proxy.delivered.values()) == [1] * 5


def test_another_seed_or_prompt_is_asked_anew(proxy: FaultProxy, tmp_path: Path) -> None:
    ledger, base = Ledger(tmp_path / "calls.jsonl"), requests(1)[0]
    with endpoint(proxy.url) as model:
        for request in (base, base._replace(name="other"), base._replace(seed=7), requests(2)[1]):
            list(ask_all(model, [request], ledger, Limits(1)))
    assert proxy.delivered.total() == len(ledger.calls) == 3


def test_equal_requests_under_way_at_once_are_paid_once(proxy: FaultProxy, tmp_path: Path) -> None:
    first, second = requests(2)
    alike = [first, first._replace(name="again"), second, first._replace(name="once more")]
    with endpoint(proxy.url) as model:
        calls = {asked.name: call for asked, call in ask_all(model, alike, Ledger(tmp_path / "c.jsonl"), Limits(4))}
    assert list(proxy.delivered.values()) == [1, 1]
    assert calls["0"] == calls["again"] == calls["once more"] != calls["1"]


def test_every_fault_is_outlived_and_nothing_is_lost_or_paid_twice(llama_url: str, tmp_path: Path) -> None:
    known: dict[bytes, bytes] = {}  # so that a slow answer is not taken for none
    with fault_proxy(llama_url, ["whole"], known) as proxy:
        ask(proxy.url, 9, tmp_path / "others.jsonl")
    with fault_proxy(llama_url, FAULTS, known) as proxy:
        answers = ask(proxy.url, 9, tmp_path / "calls.jsonl", timeout=6)
        assert len(answers) == 9
        assert sorted(proxy.delivered.values()) == [1] * 9
        assert {fault for fault, times in proxy.faults.items() if times} == set(FAULTS)
    kept = list(read(tmp_path / "calls.jsonl", Call))
    assert {call.key for call in kept} == {call.key for _, call in answers}
    assert all(Animal.model_validate_json(call.content) for call in kept)


def test_an_endpoint_that_goes_away_costs_what_it_answered_and_no_more(
    llama_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builder.llm.endpoint, "RETRIES", 1)
    file = tmp_path / "calls.jsonl"
    with fault_proxy(llama_url, ["whole", "whole", "whole", "gone"]) as proxy:
        with pytest.raises(ModelError, match="503"):
            ask(proxy.url, 8, file)
        assert proxy.delivered.total() == len(list(read(file, Call))) == 3
    with fault_proxy(llama_url, ["whole"]) as proxy:
        assert len(ask(proxy.url, 8, file)) == 8
        assert proxy.delivered.total() == 5


def test_an_endpoint_without_structured_output_is_asked_without(llama_url: str, tmp_path: Path) -> None:
    with fault_proxy(llama_url, ["unfit"]) as proxy:
        answers = ask(proxy.url, 3, tmp_path / "calls.jsonl", Limits(1))
        assert len(answers) == 3
        assert proxy.faults["unfit"] == 2 + 3, "with bounds, without bounds, then three times without a schema"


def test_the_limit_on_tokens_is_never_exceeded(proxy: FaultProxy, tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl"
    for most in (300, 600):
        ledger = Ledger(file)
        with endpoint(proxy.url) as model:
            list(ask_all(model, requests(50), ledger, Limits(4, max_tokens_total=most)))
        assert ledger.exhausted
        assert 0 < sum(ledger.paid) <= most
    assert proxy.delivered.total() == len(ledger.calls) > 4
    assert set(proxy.delivered.values()) == {1}


def test_an_abandoned_run_keeps_what_was_under_way(proxy: FaultProxy, tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl"
    with endpoint(proxy.url) as model:
        answers = ask_all(model, requests(20), Ledger(file), Limits(3))
        next(answers)
        answers.close()  # type: ignore[attr-defined]  # what Ctrl-C does to the generator
    assert proxy.delivered.total() == len(list(read(file, Call))) >= 3


def test_free_text_has_no_schema(proxy: FaultProxy, tmp_path: Path) -> None:
    with endpoint(proxy.url, schema=None) as model:
        [(_, call)] = ask_all(model, requests(1), Ledger(tmp_path / "calls.jsonl"), Limits(1))
    assert call.content


def test_nobody_there_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder.llm.endpoint, "RETRIES", 0)
    with pytest.raises(ModelError, match="is the server running") as error:
        ask(f"http://127.0.0.1:{free_port()}/v1", 1, tmp_path / "calls.jsonl")
    assert "\n" not in str(error.value)
