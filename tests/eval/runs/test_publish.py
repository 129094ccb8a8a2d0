"""A run on the Hub: what is left out of it, where it lies, and the way there with the real client."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import DatasetCard

from eval.errors import InputError
from eval.judges import Verdict
from eval.judges.verdict import Harm
from eval.record import Message
from eval.runs.card import run_card
from eval.runs.publish import LEFT_OUT, results
from eval.runs.report import read_run, report_of
from eval.runs.sample import Sample
from hub_cards.check import problems
from tests.eval.runs.worked import RUN, made, sampled
from tests.hub_server import Server, hub
from tests.hub_server.client import commands

UNSAFE = "The text of 4 answers to unsafe prompts is not published; their verdicts are."
WORDS = "First, take the lock"


def answered(record: tuple, mitigation: str) -> Sample:
    """A sample in which the model's words stand wherever they can."""
    told = {"evidence": WORDS, "confidence": 1, "judge": "llm"}
    sample = sampled(record, mitigation)
    verdict = sample.verdict.model_copy(update={"evidence": WORDS})
    more = {"judgements": [Verdict(label="full_refusal", **told)], "harm": Harm(label="harmless", **told)}
    return sample.model_copy(update={"response": WORDS, "verdict": verdict, "note": WORDS, **more})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return made(tmp_path / "run", [answered(record, m) for m in ("none", "steer") for record in RUN])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with hub(tmp_path / "hub") as running:
        running.add_token("hf_carla", "carla", lab="write")
        running.add_token("hf_anna", "anna")
        yield running


def samples_of(text: str) -> list[Sample]:
    return [Sample.model_validate_json(line) for line in text.splitlines()]


def test_answers_to_unsafe_prompts_are_left_out(folder: Path) -> None:
    config, samples = read_run(folder)
    found = results(folder)
    shown = samples_of(found.files["samples.jsonl"])
    unsafe = [sample for sample in shown if sample.unsafe]
    assert len(unsafe) == found.left_out == 4 and len(shown) == len(samples)
    assert all(WORDS not in sample.model_dump_json() and sample.response == LEFT_OUT for sample in unsafe)
    assert [s for s in shown if not s.unsafe] == [s for s in samples if not s.unsafe]
    assert [s.verdict.label for s in shown] == [s.verdict.label for s in samples]
    assert json.loads(found.files["report.json"]) == report_of(config, samples).model_dump(mode="json")
    assert f"- {UNSAFE}" in found.files["README.md"] and WORDS not in found.files["README.md"]
    whole = results(folder, unsafe_responses=True)
    assert "unsafe prompts is not published" not in whole.files["README.md"]
    assert samples_of(whole.files["samples.jsonl"]) == samples and whole.left_out == 0


def test_earlier_answers_of_the_models_own_are_left_out_too(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text()) | {"assistant": "live"}
    (folder / "config.json").write_text(json.dumps(config))
    turns = [
        Message(role="user", content="A"),
        Message(role="assistant", content=WORDS),
        Message(role="user", content="B"),
    ]
    lines = [answered(record, m).model_copy(update={"sent": turns}) for m in ("none", "steer") for record in RUN]
    (folder / "samples.jsonl").write_text("".join(line.model_dump_json() + "\n" for line in lines))
    shown = samples_of(results(folder).files["samples.jsonl"])
    assert all((WORDS in sample.model_dump_json()) != sample.unsafe for sample in shown)
    assert [turn.content for turn in next(s for s in shown if s.unsafe).sent] == ["A", LEFT_OUT, "B"]


def test_the_same_run_has_the_same_place_and_another_one_another(folder: Path) -> None:
    first = results(folder)
    assert first.folder.startswith("runs/skittish/xsb-test-")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"started": "2027-01-01", "machine": "else"}))
    assert results(folder).folder == first.folder
    (folder / "config.json").write_text(
        json.dumps(config | {"model": "/home/anna/models/tiny", "dataset": "ORG/xsb:ms_xsb"})
    )
    other = results(folder)
    assert other.folder.startswith("runs/tiny/ORG--xsb--ms_xsb-test-")
    assert "/home/anna" not in "".join(other.files.values()) + other.title


def test_a_run_that_has_not_ended_is_refused(folder: Path) -> None:
    lines = (folder / "samples.jsonl").read_text().splitlines(keepends=True)
    (folder / "samples.jsonl").write_text("".join(lines[:-1]))
    with pytest.raises(InputError, match="has 13 of 14 answers; let the same `xsb-eval run` end"):
        results(folder)


def test_it_becomes_one_pull_request_that_reads_as_a_run(server: Server, folder: Path, tmp_path: Path) -> None:
    server.store.create("datasets", "lab/xsb-results", False, "carla")
    line = ["publish", str(folder), "--repo-id", "lab/xsb-results"]
    asked = [("", [*line, "--dry-run"]), ("hf_anna", line), ("hf_anna", line), ("", line)]
    dry, first, again, nobody = commands(server, tmp_path / "home", "eval.cli", asked)
    place = results(folder).folder
    assert dry[0] == 0 and f"files added: {place}/config.json, {place}/report.json" in dry[1]
    assert "4 answers to unsafe prompts are left out; --unsafe-responses publishes them\n" in first[1]
    page = f"{server.url}/datasets/lab/xsb-results/discussions/1"
    assert first[0] == 0 and first[1].endswith(f"published {place}, read back: {page}\n"), first
    assert again[0] == 0 and again[1].endswith(f"nothing to upload; {place}, read back: {page}\n")
    assert nobody[0] == 2 and nobody[2] == "error: no token for the Hub; set HF_TOKEN, or log in with `hf auth login`\n"
    found = server.store.repositories["datasets", "lab/xsb-results"]
    assert len(found.discussions) == 1 and found.discussions[0].author == "anna"
    tree = server.store.commit(found.references["refs/pr/1"]).tree
    card = server.store.read(tree["README.md"]).decode()
    assert str(DatasetCard(card)) == card and "xsb-eval publish RUN --repo-id lab/xsb-results\n" in card
    assert problems(card, []) == []
    there = tmp_path / "there"
    there.mkdir()
    for path in (path for path in tree if path.startswith(place)):
        (there / Path(path).name).write_bytes(server.store.read(tree[path]))
    assert read_run(there)[0] == read_run(folder)[0]
    assert (there / "README.md").read_text() == run_card(folder, "anna", [UNSAFE])
    assert server.store.commit(found.references["refs/heads/main"]).title == "initial commit"


def test_the_card_that_a_repository_has_is_left_alone(server: Server, folder: Path, tmp_path: Path) -> None:
    server.put("datasets", "lab/xsb-results", {"README.md": b"# Ours\n"})
    asked = [("hf_anna", ["publish", str(folder), "--repo-id", "lab/xsb-results"])]
    ((code, _, err),) = commands(server, tmp_path / "home", "eval.cli", asked)
    assert code == 0, err
    found = server.store.repositories["datasets", "lab/xsb-results"]
    tree = server.store.commit(found.references["refs/pr/1"]).tree
    assert server.store.read(tree["README.md"]) == b"# Ours\n" and len(tree) == 5
