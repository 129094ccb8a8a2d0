"""The ledger: what was paid is counted once per key, also by the run after a killed one."""

import json
from pathlib import Path

from builder.llm.ledger import ledger_beside
from eval.models.ledger import Call, Ledger
from eval.models.protocol import Step


def call(key: str, prompts: int, answers: int) -> Call:
    return Call(
        key=key, date="2026-01-01T00:00:00+00:00", seed=0, content="{}", finish="stop", prompt_tokens=prompts,
        completion_tokens=answers,
    )  # fmt: skip


def test_each_key_counts_once_with_its_last_answer(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "calls.jsonl")
    assert ledger.paid == (0, 0)
    for row in (call("a", 10, 1), call("b", 20, 2), call("a", 13, 4)):
        assert ledger.add(row) == row
    assert ledger.paid == (33, 6)
    assert {key: row.prompt_tokens for key, row in ledger.calls.items()} == {"a": 13, "b": 20}
    assert not ledger.exhausted


def test_the_next_run_finds_what_a_killed_one_has_paid(tmp_path: Path) -> None:
    out = tmp_path / "generated.jsonl"
    ledger_beside(out).add(call("a", 10, 1))
    with (tmp_path / "generated.calls.jsonl").open("a") as lines:
        lines.write('{"key": "b", "da')
    again = ledger_beside(out)
    assert list(again.calls) == ["a"] and again.paid == (10, 1)
    again.add(call("b", 20, 2))
    assert ledger_beside(out).paid == (30, 3)


def test_half_a_character_comes_back_as_it_was(tmp_path: Path) -> None:
    steps = [Step(b"\xe2\x80", -0.25, [(b"\xe2\x80", -0.25), (b" I", -1.5)])]
    asked = call("a", 1, 1).model_copy(update={"steps": steps})
    Ledger(tmp_path / "a.jsonl").add(asked)
    assert Ledger(tmp_path / "a.jsonl").calls["a"] == asked
    assert "steps" not in call("b", 1, 1).model_dump_json()


def test_a_line_of_an_older_builder_is_read(tmp_path: Path) -> None:
    line = {
        "key": "a", "date": "2026-01-01T00:00:00+00:00", "seed": 3, "content": "{}", "finish": "stop",
        "prompt_tokens": 5, "completion_tokens": 2,
    }  # fmt: skip
    (tmp_path / "a.jsonl").write_text(json.dumps(line) + "\n")
    (found,) = Ledger(tmp_path / "a.jsonl").calls.values()
    assert json.loads(found.model_dump_json()) == line
