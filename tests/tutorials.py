"""Runs the pages of docs/tutorials: their files are written, their commands typed in order into one folder.

A block with a title is a file (three backticks, `csv title="mine.csv"`); a line of a console block that begins with a
dollar is a command, which ends with & if it serves until the page is over. Ports are exchanged for free ones.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.conftest import free_port, wait_for
from tests.test_promises import ROOT

FOLDER = ROOT / "docs" / "tutorials"
BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)\n", re.MULTILINE)
PORT = re.compile(r"(127\.0\.0\.1:|--port )(\d{4,5})\b")
LEFT_OUT = "..."  # a line that stands for others


class Step(NamedTuple):
    """A command, what the page says that it prints, what it printed, and its exit code (0 of one that serves)."""

    command: str
    shown: str
    printed: str
    code: int


def pages() -> list[str]:
    """Names of the tutorials."""
    return sorted(path.stem for path in FOLDER.glob("*.md"))


def text(page: str) -> str:
    """What a tutorial says."""
    return (FOLDER / f"{page}.md").read_text(encoding="utf-8")


def blocks(page: str) -> Iterator[tuple[str, str]]:
    """File name ("" for commands) and text of each block that somebody follows, in order."""
    for kind, title, body in BLOCK.findall(text(page)):
        if title or kind == "console":
            yield title, body


def commands(body: str) -> Iterator[tuple[str, str]]:
    """Each command of a block, and what stands below it."""
    _, *parts = COMMAND.split(body)
    yield from zip(parts[::2], parts[1::2], strict=True)


def follow(page: str, folder: Path, environment: Mapping[str, str] | None = None) -> Iterator[Step]:
    """Do what a tutorial says, in a folder; what serves ends with it."""
    ports: dict[str, str] = {}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {
        **os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "COLUMNS": "110",
        "OPENAI_API_KEY": "sk-none", **(environment or {}),
    }  # fmt: skip
    with ExitStack() as servers:
        for title, body in blocks(page):
            here = PORT.sub(lambda found: found[1] + ports.setdefault(found[2], str(free_port())), body)
            if title:
                (folder / title).write_text(here, encoding="utf-8")
                continue
            for command, shown in commands(here):
                if command.endswith("&"):
                    servers.enter_context(_serving(command.removesuffix("&"), folder, env))
                    yield Step(command, "", "", 0)
                    continue
                done = subprocess.run(
                    command, shell=True, cwd=folder, env=env, text=True, check=False, stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                )  # fmt: skip
                yield Step(command, shown, done.stdout, done.returncode)


def missing(step: Step) -> list[str]:
    """The lines that the page shows below a command and that it did not print, in this order; numbers may differ."""
    printed = iter([_plain(line) for line in step.printed.splitlines()])
    lines = [_plain(line) for line in step.shown.splitlines()]
    return [line for line in lines if line and line != LEFT_OUT and not any(line in other for other in printed)]


def _plain(line: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"\d[\d.,]*", "#", line.removesuffix(LEFT_OUT))).strip()


@contextmanager
def _serving(command: str, folder: Path, env: Mapping[str, str]) -> Iterator[None]:
    found = PORT.search(command)
    assert found, f"{command} says no port"
    process = subprocess.Popen(
        command, shell=True, cwd=folder, env=env, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        wait_for(f"http://127.0.0.1:{found[2]}/health", process, 300)
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def checkout(folder: Path) -> Path:
    """A clone of what a contributor needs, with one commit on main."""
    for name in ("builder", "eval", "hub_cards"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / ".gitignore").write_text("__pycache__/\n", encoding="utf-8")
    (folder / ".venv").symlink_to(Path(sys.executable).parent.parent)
    anna = ("-c", "user.name=Anna", "-c", "user.email=anna@example.org", "-c", "commit.gpgsign=false")
    (folder / ".git" / "info").mkdir(parents=True)
    (folder / ".git" / "info" / "exclude").write_text(".venv\n", encoding="utf-8")
    for arguments in (("init", "-q", "-b", "main"), ("add", "-A"), (*anna, "commit", "-q", "-m", "All")):
        subprocess.run(["git", *arguments], cwd=folder, check=True)
    return folder
