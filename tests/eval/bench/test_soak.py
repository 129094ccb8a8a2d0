"""Ten kills of the command itself on the tiny model in float32; `make soak` does a hundred."""

import json
import random
from pathlib import Path

import pytest

from eval.bench.soak import Command, soak
from tests.eval.runs.worked import records

KILLS = 10
RECORDS = 30


@pytest.fixture
def command(tiny_folder: Path, tmp_path: Path) -> Command:
    dataset = tmp_path / "rows.jsonl"
    dataset.write_text("".join(record.model_dump_json() + "\n" for record in records(RECORDS)))
    return lambda out: [
        "run", "--dataset", str(dataset), "--model", str(tiny_folder), "--dtype", "float32", "--mitigations",
        "ignore_word,steer", "--max-new-tokens", "6", "--temperature", "0.8", "--samples", "2", "--out", str(out),
    ]  # fmt: skip


def test_a_run_that_is_killed_again_and_again_ends_as_an_undisturbed_one(command: Command, tmp_path: Path) -> None:
    found = soak(command, tmp_path, KILLS, random.Random(7))
    assert found.kills == KILLS and found.ends >= 1
    for out in tmp_path.glob("killed-*"):
        ids = [json.loads(line)["record_id"] for line in (out / "samples.jsonl").read_text().splitlines()]
        assert len(ids) == RECORDS * 3 * 2 and set(ids) == {record.id for record in records(RECORDS)}


def test_another_end_is_told(command: Command, tmp_path: Path) -> None:
    def unlike(out: Path) -> list[str]:
        return [*command(out), "--limit", "2", "--seed", "0" if out.name == "calm" else "1"]

    with pytest.raises(RuntimeError, match="killed-0 are not those of the undisturbed run"):
        soak(unlike, tmp_path, 0, random.Random(0))


def test_a_run_that_fails_is_told(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"file 'nowhere\.csv' does not exist"):
        soak(lambda out: ["run", "--dataset", "nowhere.csv", "--out", str(out)], tmp_path, 0, random.Random(0))
