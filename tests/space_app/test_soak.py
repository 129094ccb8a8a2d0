"""A few visitors before a real page with the tiny model; `make soak` sends twenty to skittish."""

from pathlib import Path

import pytest

from eval.models.transformers import TransformersModel
from eval.refusal_direction import RefusalDirection, save_direction
from space_app.soak import ASKED, Soaked, _visit, soak, table
from tests.conftest import free_port

CLIENTS, PROMPTS = 4, 2


def test_all_visitors_are_served(tiny: TransformersModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    save_direction(
        RefusalDirection(
            model="", revision="", layer=0, vector=[1 / 8] * 64, answered=0, fitted_on="", prompts=0, hits=0
        ),
        tiny,
    )
    settings = {"models": [{"name": tiny.name, "dtype": "float32"}]}
    found = soak(CLIENTS, PROMPTS, settings, tmp_path / "log")
    assert found.errors == []
    assert {name: len(taken) for name, taken in found.seconds.items()} == dict.fromkeys(ASKED, CLIENTS * PROMPTS)
    assert 0 < found.idle_mb < found.peak_mb and found.end_mb <= found.peak_mb
    log = (tmp_path / "log").read_text()
    assert "Question" not in log, "prompts are not logged"


def test_what_a_visitor_meets_is_told() -> None:
    seconds, errors = _visit(f"http://127.0.0.1:{free_port()}", 3, 1)
    assert seconds == {name: [] for name in ASKED}
    assert len(errors) == 1 and errors[0].startswith("client 3, opening the page: ")
    told = table(Soaked({**seconds, "answer": [1.0, 3.0, 2.0]}, errors, 6.4, 200, 900, 800))
    assert str(told.title).startswith("3 questions in 6 s, 1 errors; ")
    assert str(told.title).endswith("200 MB idle, 900 MB at most, 800 MB at the end")
    cells = [list(column.cells) for column in told.columns]
    assert [row[0] for row in cells] == ["answer", "3", "2.0", "3.0", "3.0"]
    assert cells[2][1] == "nan"
