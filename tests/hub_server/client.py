"""The real clients, in a process of their own since they read their settings when they are imported."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any

from tests.hub_server.server import Server


def run_client(
    server: Server, home: Path, token: str, *command: str, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run a command whose Hub is the server; `home` is its cache."""
    told = {**os.environ, **server.environment(home, token), **environment}
    return subprocess.run(command, env=told, cwd=home.parent, capture_output=True, text=True, check=False)


def python(server: Server, home: Path, token: str, code: str, **environment: str) -> Any:
    """What the code printed."""
    done = run_client(server, home, token, sys.executable, "-c", dedent(code), **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


COMMANDS = """
    import contextlib, importlib, io, json, os, sys
    module, lines = importlib.import_module(sys.argv[1]), json.loads(sys.argv[2])
    for os.environ["HF_TOKEN"], sys.argv[1:] in lines:
        out, err, code = io.StringIO(), io.StringIO(), 0
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                module.main()
            except SystemExit as end:
                code = end.code
        print(json.dumps([code, out.getvalue(), err.getvalue()]), file=sys.__stdout__)
"""


def commands(
    server: Server, home: Path, module: str, lines: Sequence[tuple[str, Sequence[str]]], **environment: str
) -> list[tuple[int, str, str]]:
    """Several command lines of a module with `main`, each with its token, in one process, which saves the imports.

    Gives exit code, output and errors of each.
    """
    code = (sys.executable, "-c", dedent(COMMANDS), module, json.dumps(lines))
    done = run_client(server, home, "", *code, **environment)
    assert done.returncode == 0, done.stderr
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]
