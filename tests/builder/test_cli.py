"""xsb-build: its commands, no traceback, no torch."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import builder.cli
from builder.cli import app
from tests.test_promises import ROOT


def test_error_is_one_line_without_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("")
    monkeypatch.setattr(sys, "argv", ["xsb-build", "release", "--out", str(tmp_path / "taken")])
    with pytest.raises(SystemExit) as stopped:
        builder.cli.main()
    assert stopped.value.code == 2
    assert capsys.readouterr().err == f"error: {tmp_path / 'taken'} is a file; give a folder for the release\n"


def test_no_torch_at_import() -> None:
    script = "import builder.cli, sys; print([m for m in ('torch', 'transformers', 'datasets') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_help_names_the_commands() -> None:
    done = CliRunner().invoke(app, ["--help"])
    assert done.exit_code == 0 and all(
        name in done.stdout for name in ("validate", "stats", "release", "review", "adjudicate", "accept")
    )
