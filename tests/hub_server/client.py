"""The real clients, in a process of their own since they read their settings when they are imported."""

import os
import subprocess
import sys
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
