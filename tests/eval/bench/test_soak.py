"""Ten kills of the command itself on the tiny model in float32; `make soak` does a hundred on skittish."""

import json
import random
from pathlib import Path

from eval.bench.soak import soak
from tests.eval.runs.test_run import records

KILLS = 10


def test_a_run_that_is_killed_again_and_again_ends_as_an_undisturbed_one(tiny_folder: Path, tmp_path: Path) -> None:
    dataset = tmp_path / "rows.jsonl"
    dataset.write_text("".join(record.model_dump_json() + "\n" for record in records(30)))

    def command(out: Path) -> list[str]:
        return [
            "run", "--dataset", str(dataset), "--model", str(tiny_folder), "--dtype", "float32", "--mitigations",
            "ignore_word,steer", "--max-new-tokens", "6", "--temperature", "0.8", "--samples", "2", "--out", str(out),
        ]  # fmt: skip

    found = soak(command, tmp_path, KILLS, random.Random(7), longest=2.0)
    assert found.kills == KILLS and found.ends >= 1
    for out in tmp_path.glob("killed-*"):
        ids = [json.loads(line)["record_id"] for line in (out / "samples.jsonl").read_text().splitlines()]
        assert len(ids) == 30 * 3 * 2 and set(ids) == {record.id for record in records(30)}
