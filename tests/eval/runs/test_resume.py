"""Runs that were killed, and what a folder holds: each ends as if nothing had happened, or is refused."""

import json
from pathlib import Path

import pytest

from eval.errors import InputError
from eval.models import Reply
from eval.models.transformers import TransformersModel
from eval.record import Conversation, Message
from eval.runs.options import Options
from eval.runs.run import run
from eval.runs.sample import SampleFile
from tests.eval.runs.worked import config_of, judged, records, timeless


@pytest.mark.parametrize("cut", [1, 400, 3_000, 12_000])
def test_a_run_killed_anywhere_ends_as_an_undisturbed_one(
    tiny: TransformersModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    monkeypatch.setattr("eval.runs.run.CHUNK", 24)
    wanted = run(tiny, records(17), tmp_path / "a", Options(dataset="d", mitigations=["steer"], max_new_tokens=4))
    run(tiny, records(17), tmp_path / "b", Options(dataset="d", mitigations=["steer"], max_new_tokens=4))
    file = tmp_path / "b" / "samples.jsonl"
    file.write_bytes(file.read_bytes()[:-cut])
    again = run(tiny, records(17), tmp_path / "b", Options(dataset="d", mitigations=["steer"], max_new_tokens=4))
    assert timeless(again) == timeless(wanted)


def test_live_answers_of_other_chunks_are_not_used(
    tiny: TransformersModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An undisturbed run would know them and one that goes on would not, and batch make-up can change them."""
    monkeypatch.setattr("eval.runs.run.CHUNK", 12)
    asked: list[int] = []

    class Asking:
        name, facts = tiny.name, tiny.facts

        def generate(self, conversations: list[Conversation], max_new_tokens: int) -> list[Reply]:
            asked.extend(len(messages) for messages in conversations)
            return tiny.generate(conversations, max_new_tokens)

    turns = [Message(role="user", content="It hangs."), Message(role="user", content="How do I stop it?")]
    dialogues = [record.model_copy(update={"messages": turns, "focus": [], "focus_spans": [], "neutral": []})
                 for record in records(13)]  # fmt: skip
    different = [
        record.model_copy(update={"messages": [turns[0], Message(role="user", content=f"How do I stop it {i}?")]})
        for i, record in enumerate(dialogues)
    ]
    run(Asking(), different, tmp_path, Options(dataset="d", max_new_tokens=4))
    assert asked.count(1) == 2, "the common first turn, once in each chunk"


@pytest.mark.parametrize(("mitigations", "size"), [(["none"], 24), (["steer", "ignore_word"], 12)])
def test_a_chunk_holds_so_many_answers_but_some_records(
    tiny: TransformersModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mitigations: list[str], size: int
) -> None:
    monkeypatch.setattr("eval.runs.run.CHUNK", 24)
    samples = run(tiny, records(30), tmp_path, Options(dataset="d", mitigations=mitigations, max_new_tokens=2))
    first = [sample.record_id for sample in samples if sample.mitigation == "none"][:size]
    assert [sample.record_id for sample in samples[:size]] == first
    assert samples[size].mitigation == ("none" if mitigations == ["none"] else "steer")
    assert len(samples) == 30 * len({"none", *mitigations})


def test_a_finished_run_asks_the_model_nothing(
    tiny: TransformersModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(tiny, records(2), tmp_path, Options(dataset="d", max_new_tokens=4))
    monkeypatch.setattr(tiny, "generate", lambda *_: pytest.fail("the model ran"))
    assert run(tiny, records(2), tmp_path, Options(dataset="d", max_new_tokens=4)) == first


def test_another_run_in_the_same_folder_is_refused(tiny: TransformersModel, tmp_path: Path) -> None:
    run(tiny, records(2), tmp_path, Options(dataset="d", max_new_tokens=4))
    with pytest.raises(InputError, match="holds a run with max_new_tokens 4, not 5; choose another --out"):
        run(tiny, records(2), tmp_path, Options(dataset="d", max_new_tokens=5))
    with pytest.raises(InputError, match="records 2, not 3; choose another"):
        run(tiny, records(3), tmp_path, Options(dataset="d", max_new_tokens=4))


def test_a_torn_line_is_cut_off(tmp_path: Path) -> None:
    one = judged("none", "safe", "full_compliance").model_copy(update={"response": "a\u2028b\x85c"})
    file = SampleFile(tmp_path / "s.jsonl", [1, 1])
    file.append([one])
    with (tmp_path / "s.jsonl").open("a") as handle:
        handle.write('{"record_id": "r-')
    reopened = SampleFile(tmp_path / "s.jsonl", [1, 1])
    assert reopened.done == 1
    assert reopened.read() == [one]


@pytest.mark.parametrize("cut", [1, 9_000])
def test_a_sampled_run_that_was_killed_ends_as_an_undisturbed_one(
    tiny: TransformersModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    monkeypatch.setattr("eval.runs.run.CHUNK", 48)
    options = {"dataset": "d", "mitigations": ["steer"], "max_new_tokens": 4, "temperature": 0.7, "samples": 2}
    wanted = run(tiny, records(15), tmp_path / "a", Options(**options))
    run(tiny, records(15), tmp_path / "b", Options(**options))
    file = tmp_path / "b" / "samples.jsonl"
    file.write_bytes(file.read_bytes()[:-cut])
    assert timeless(run(tiny, records(15), tmp_path / "b", Options(**options))) == timeless(wanted)


def test_a_run_of_before_there_were_samples_goes_on(tiny: TransformersModel, tmp_path: Path) -> None:
    first = run(tiny, records(2), tmp_path, Options(dataset="d", max_new_tokens=4))
    old = {key: value for key, value in config_of(tmp_path).items() if key not in ("temperature", "samples", "seed")}
    (tmp_path / "config.json").write_text(json.dumps(old))
    assert run(tiny, records(2), tmp_path, Options(dataset="d", max_new_tokens=4)) == first


def test_a_run_that_never_began_does_not_block_its_folder(tiny: TransformersModel, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"half')
    assert len(run(tiny, records(1), tmp_path, Options(dataset="d", max_new_tokens=4))) == 1
