"""What a dry run of many records tells, beside what the run then takes."""

import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from eval.attribution import attribute
from eval.cli import app
from eval.errors import ModelError
from eval.models import load_model
from eval.models.protocol import Model
from eval.models.transformers import TransformersModel
from eval.record import Message, Record
from eval.runs.options import Options
from eval.runs.plan import Plan, plan
from eval.runs.run import run
from eval.runs.view import show_plan
from tests.eval.runs.worked import records


def planned(model: Model | ModelError, asked: list[Record], out: Path, **options: Any) -> Plan:
    given = {"dataset": "d", "mitigations": ["ignore_word"], "method": "ablation", "max_new_tokens": 8}
    return plan("m", model, asked, out, Options(**given | options))


@pytest.fixture
def outline(tiny_folder: Path) -> Model:
    return load_model(str(tiny_folder), dtype="float32", device="meta")


def test_counts_are_those_of_the_run(tiny: TransformersModel, outline: Model, tmp_path: Path) -> None:
    asked = records(4)
    told = planned(outline, asked, tmp_path, mitigations=["steer", "rephrase"], samples=2)
    options = Options("d", mitigations=["steer", "rephrase"], max_new_tokens=8, temperature=1.0, samples=2)
    samples = run(tiny, asked, tmp_path, options)
    assert told.answers == len(samples) == 24
    assert told.new_tokens == 24 * 8 and told.rewrites == 4
    assert sum(sample.tokens for sample in samples) <= told.new_tokens + 2 * told.rewrite_tokens
    lengths = [len(tiny.tokenizer(tiny.render(record.messages))["input_ids"]) for record in asked]
    assert told.prompt_tokens == sum(lengths) * 3 * 2
    taken = sum(attribute(tiny, record.messages).evaluations for record in asked)
    assert taken / 4 <= (told.evaluations or 0) <= 4 * taken
    assert told.weights_bytes == sum(parameter.numel() * 4 for parameter in tiny.module.parameters())
    assert told.memory_bytes > told.weights_bytes and told.free_bytes > told.memory_bytes
    assert (told.dtype, told.device) == ("float32", "cpu")


def test_time_is_known_where_a_run_has_begun(tiny: TransformersModel, outline: Model, tmp_path: Path) -> None:
    assert planned(outline, records(30), tmp_path).notes == [
        "time: not known here; a run of 12 records (--limit 12) tells its seconds per answer"
    ]
    samples = run(tiny, records(3), tmp_path, Options(dataset="d", mitigations=["ignore_word"], max_new_tokens=8))
    slow = [sample.model_copy(update={"seconds": 10.0}) for sample in samples]
    (tmp_path / "samples.jsonl").write_text("".join(sample.model_dump_json() + "\n" for sample in slow))
    assert planned(outline, records(30), tmp_path).notes == [
        "time: about 9 min for 54 answers left, without attribution, by 6 done"
    ]


def test_a_model_that_cannot_be_had_leaves_the_counts(tmp_path: Path) -> None:
    told = planned(ModelError("no way to " + "reach it " * 99), records(4), tmp_path)
    assert (told.answers, told.memory_bytes) == (8, 0)
    letters = sum(len(record.prompt) // 4 for record in records(4))
    assert told.prompt_tokens == 2 * letters
    assert told.evaluations and told.evaluations >= 4 * 7
    assert told.notes[0].startswith("tokens by letters, and memory unknown: no way to") and len(told.notes[0]) < 210
    gradients = planned(ModelError("no"), records(4), tmp_path, method="ig")
    assert gradients.evaluations is None and "attribution by ig: cannot be told" in gradients.notes[1]


def test_earlier_turns_that_the_model_answers_are_counted(outline: Model, tmp_path: Path) -> None:
    turns = [Message(role=role, content="kill it") for role in ("user", "assistant", "user", "user")]
    one = Record(id="a", messages=turns)
    assert planned(outline, [one], tmp_path).earlier_turns == 1
    live = planned(outline, [one], tmp_path, assistant="live")
    assert (live.earlier_turns, live.new_tokens) == (2, (2 + 2) * 8)
    assert planned(outline, [one], tmp_path, system="Be brief.").prompt_tokens > planned(
        outline, [one], tmp_path
    ).prompt_tokens  # fmt: skip


def test_without_triggers_nothing_is_attributed(outline: Model, tmp_path: Path) -> None:
    assert planned(outline, records(2), tmp_path, mitigations=[]).evaluations is None
    endpoint = load_model("openai:x", base_url="http://127.0.0.1:9/v1")
    told = planned(endpoint, records(2), tmp_path, method=None)
    assert told.method == "black_box" and told.evaluations and told.memory_bytes == 0
    assert planned(endpoint, records(2), tmp_path, method="focus").evaluations is None


def test_requests_to_endpoints_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    endpoint = load_model("openai:x", base_url="http://127.0.0.1:9/v1")
    asked = records(3)  # of which one is unsafe

    def planned_with(*mitigations: str, name: str = "openai:x", **given: Any) -> Plan:
        judges = {key: given.pop(key) for key in ("judge", "harm_judge") if key in given}
        options = Options("d", mitigations=mitigations, **{"method": "focus", "max_new_tokens": 8} | given)
        return plan(name, endpoint, asked, tmp_path, options, **judges)

    told = planned_with("ignore_word")
    assert (told.requests, told.request_tokens) == (6, told.prompt_tokens + 6 * 8)
    assert planned_with("rephrase", "guard+ignore_word").requests == 9 + 3 + 3
    judged = planned_with(judge="rules,llm:j", harm_judge="llm:h")
    assert judged.requests == 3 + 3 + 1 and judged.request_tokens > told.request_tokens
    elsewhere = planned_with("rephrase:openai:w", "rephrase:neutral", name="m")
    assert (elsewhere.requests, elsewhere.rewrites) == (3, 3)
    found = planned_with("ignore_word", method=None)
    assert found.requests == 6 + (found.evaluations or 0) > 6
    show_plan(found, Console())
    assert f"about {found.requests} requests to endpoints, about {found.request_tokens:,}" in capsys.readouterr().out
    with pytest.raises(ModelError, match="steer needs open weights"):
        planned_with("steer")


def test_a_dry_run_of_several_models_writes_nothing(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for file in tiny_folder.iterdir():
        if file.suffix != ".safetensors":
            (tmp_path / "tiny" / file.name).parent.mkdir(exist_ok=True)
            (tmp_path / "tiny" / file.name).write_bytes(file.read_bytes())
    (tmp_path / "rows.jsonl").write_text("".join(record.model_dump_json() + "\n" for record in records(3)))
    (tmp_path / "options.yaml").write_text(
        "model: [tiny, no/such-model]\ndataset: rows.jsonl\nmitigations: [none, steer]\nout: o\nsamples: 2\n"
    )
    before = set(tmp_path.rglob("*"))
    app(["run", "--config", "options.yaml", "--temperature", "1", "--dry-run"], standalone_mode=False)
    text = capsys.readouterr().out
    assert text.count("3 records x 2 mitigations x 2 samples = 12 answers") == 2
    assert "tiny on rows.jsonl" in text and "weights" in text and "in float32" in text.replace("bfloat16", "float32")
    assert "no/such-model on rows.jsonl" in text and "memory unknown: model 'no/such-model' cannot be loaded" in text
    assert set(tmp_path.rglob("*")) == before


def test_several_models_have_a_folder_each_and_one_that_fails_stops_no_other(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.jsonl").write_text("".join(record.model_dump_json() + "\n" for record in records(2)))
    (tmp_path / "tiny").symlink_to(tiny_folder)
    options = ["--dataset", "rows.jsonl", "--model", "no/such-model,tiny", "--max-new-tokens", "4", "--out", "o"]
    assert app(["run", *options], standalone_mode=False) == 2
    found = capsys.readouterr()
    assert "error: no/such-model: model 'no/such-model' cannot be loaded" in found.err
    assert "tiny on rows.jsonl" in found.out and "report: o/tiny/report.html" in found.out
    assert json.loads((tmp_path / "o" / "tiny" / "config.json").read_text())["model"] == "tiny"
    assert not (tmp_path / "o" / "no-such-model").exists()
