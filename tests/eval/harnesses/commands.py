"""Other harnesses' commands, as a user types them."""

import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from eval.cli import app


def inspect(*arguments: str, cwd: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    script = str(Path(sys.executable).parent / "inspect")
    return subprocess.run([script, *arguments], cwd=cwd, env=env, capture_output=True, text=True, check=False)


def lm_eval_tasks() -> str:
    """What `xsb-eval lm-eval` prints."""
    return CliRunner().invoke(app, ["lm-eval"]).stdout.strip()
