"""The generation bench on a tiny model: the promised keys, and the same texts as the pipeline's."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from eval.bench import generation
from eval.bench.generation import Generation, generation_table
from eval.cli import app

KEYS = [
    "model", "device", "dtype", "threads", "machine", "prompts", "max_new_tokens", "chunk", "rounds", "tried",
    "tried_prompts", "best_batch", "pipeline", "ours", "at_once", "ratio", "equal", "compared_float32", "equal_float32",
]  # fmt: skip


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder xsb with a few prompts, and few tokens for each answer."""
    (tmp_path / "xsb").mkdir()
    rows = [{"prompt": f"How do I kill process {i}?", "label": "safe", "type": "homonyms"} for i in range(6)]
    (tmp_path / "xsb" / "test.jsonl").write_text("\n".join(map(json.dumps, rows)))
    card = "---\nconfigs:\n- config_name: xsb\n  data_files:\n  - split: test\n    path: test.jsonl\n---\n"
    (tmp_path / "xsb" / "README.md").write_text(card)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(generation, "MAX_NEW_TOKENS", 6)


@pytest.mark.usefixtures("release")
def test_the_keys_of_the_json_and_equal_texts(tiny_folder: Path) -> None:
    asked = ["bench", "generation", "--model", str(tiny_folder), "--dtype", "float32", "--quick", "--json"]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert list(found) == KEYS
    assert found["prompts"] == found["equal"] == found["compared_float32"] == found["equal_float32"] == 6
    assert found["tried"].keys() == {str(size) for size in generation.BATCHES_QUICK}
    assert found["best_batch"] == int(max(found["tried"], key=found["tried"].get))
    assert found["ratio"] == pytest.approx(found["ours"] / found["pipeline"], abs=0.02)


def test_the_table_says_what_was_measured() -> None:
    given = dict.fromkeys(KEYS, 1) | {"model": "m", "device": "cpu", "dtype": "d", "machine": "m", "tried": {8: 2.0}}
    table = generation_table(Generation.model_validate(given | {"ratio": 3.5}))
    cells = [list(column.cells) for column in table.columns]
    assert dict(zip(*cells, strict=True))["ratio"] == "3.50"
    assert cells[0][0] == "pipeline, batches of 8, on 1 prompts"


def test_without_a_release_it_says_how_to_make_one(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["bench", "generation", "--model", str(tiny_folder)])
    assert "xsb-build release --out xsb" in str(result.exception)
