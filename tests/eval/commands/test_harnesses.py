import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from eval.cli import app
from eval.errors import XsbError
from eval.harnesses import lm_eval


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments))
    if isinstance(done.exception, XsbError):
        raise done.exception
    return done.output


def test_the_folder_of_lm_evals_tasks() -> None:
    assert Path(run("lm-eval").strip()) == Path(lm_eval.__file__).parent


def test_a_missing_extra_is_told_with_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lm_eval", None)
    monkeypatch.setitem(sys.modules, "inspect_ai.log", None)
    (tmp_path / "log.eval").touch()
    with pytest.raises(XsbError, match=r"run: pip install 'xsb\[lm-eval\]'"):
        run("lm-eval")
    with pytest.raises(XsbError, match=r"run: pip install 'xsb\[inspect\]'"):
        run("import", str(tmp_path / "log.eval"), "--out", str(tmp_path / "run"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere.eval", "--out", "o"], "log nowhere.eval does not exist"),
        (["nowhere.eval", "--out", "o", "--judge", "rule"], "Did you mean rules"),
        (["nowhere.eval", "--out", "o", "--harm-judge", "rules"], "rules cannot tell harm"),
        (["nowhere.eval", "--out", "o", "--judge-base-url", "http://127.0.0.1:9/v1"], "is the address of llm:MODEL"),
    ],
)
def test_a_users_mistake(arguments: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(XsbError, match=told):
        run("import", *arguments)
    assert list(tmp_path.iterdir()) == []
