"""What a command says to bad input, asked in this process."""

import io
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.main import get_command

import builder.cli
import eval.cli
import space_app.cli

PROGRAMS = {"xsb-eval": eval.cli, "xsb-build": builder.cli, "xsb-space": space_app.cli}
PATIENCE = 120  # seconds until a command that should have refused is taken to wait for something
LONGEST = 640  # characters of a message, most of them names to choose from
NOISE = re.compile(r"^(note: |\s*$)|━|%\||examples/s|\d/\d+ +\d+:\d\d:\d\d")  # notes, and bars of what is under way


class Bad(NamedTuple):
    """One bad input.

    `line` is the command as it is typed, `says` what its message must have in it; `stdin` is what is typed then.
    `apart` runs it in a process of its own, since Gradio leaves threads and sockets behind.
    """

    line: str
    says: str
    stdin: str = ""
    apart: bool = False


class Told(NamedTuple):
    """Exit code, and what was written where."""

    code: Any
    out: str
    err: str


def commands() -> dict[str, set[str]]:
    """The options and arguments of every command, by its name as typed; those of Typer itself left out."""
    return {name: options for program, module in PROGRAMS.items() for name, options in _below(program, module)}


def _below(program: str, module: Any) -> list[tuple[str, set[str]]]:
    found, waiting = [], [(program, get_command(module.app))]
    while waiting:
        name, command = waiting.pop()
        inner = getattr(command, "commands", {})
        waiting += [(f"{name} {one}", each) for one, each in inner.items()]
        named = {p.opts[0] if p.param_type_name == "option" else p.name for p in command.params}
        named -= {"--install-completion", "--show-completion"}
        if not inner or named:
            found.append((name, named))
    return found


def tell(bad: Bad, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Told:
    """Run the command in the folder; in this process an error that is no message to a user goes on from here."""
    arguments = shlex.split(bad.line)
    if bad.apart:
        script = Path(sys.executable).parent / arguments[0]
        done = subprocess.run(
            [str(script), *arguments[1:]], cwd=folder, capture_output=True, text=True, check=False, timeout=PATIENCE
        )
        return Told(done.returncode, done.stdout, done.stderr)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", arguments)
    monkeypatch.setattr(sys, "stdin", io.StringIO(bad.stdin))
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(PATIENCE)
    try:
        with pytest.raises(SystemExit) as ended:
            PROGRAMS[arguments[0]].main()
    finally:
        signal.alarm(0)
    out, err = capsys.readouterr()
    return Told(ended.value.code, out, err)


def _too_long(*_: object) -> None:
    raise TimeoutError(f"no answer within {PATIENCE} s")
