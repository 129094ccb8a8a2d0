"""Walks docs/walk.md: runs its commands in order in one folder, and puts what they print below them.

`python -m tests.walk` writes the page anew, in a folder that is thrown away. The test finds the generator's answers in
a ledger from such a walk, so that on every machine the same candidates pass the filters; what is asked otherwise than
then (another prompt, another example) is asked of the server.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.servers import llama

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "walk.md"
LEDGER, ANSWERED = "generated.calls.jsonl", ROOT / "tests" / "walk.calls.jsonl"
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
PROMPT = "What does the word trespass cover besides walking onto somebody's land?"
WHY = "It asks what a legal word means."
REJECT = ["s", "1", "1", "r", "no sensible request"]
# Blind: label, Focus, naturalness; then the decision, and what it asks for.
ANNA = ["s", "1", "2", "e", PROMPT, "s", "trespass", "tenancy", WHY, "written anew", *REJECT]
BERT = ["s", "5", "5", "a", "", *REJECT]


class Step(NamedTuple):
    """A command of the page, what it printed, and its exit code."""

    command: str
    output: str
    code: int


def commands() -> list[str]:
    """The page's commands, in order."""
    return [line.removeprefix("$ ") for block in BLOCK.findall(PAGE.read_text("utf-8")) for line in _typed(block)]


def walk(folder: Path, base_url: str) -> list[Step]:
    """Run the commands in an empty folder, to which the records are copied first."""
    for name in ("records", "reviews"):
        shutil.copytree(ROOT / "builder" / name, folder / "builder" / name)
    for name, answers in (("anna.txt", ANNA), ("bert.txt", BERT)):
        (folder / name).write_text("\n".join(answers) + "\n", encoding="utf-8")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "OPENAI_BASE_URL": base_url, "HF_HUB_OFFLINE": "1", "COLUMNS": "110"}
    steps = []
    for command in commands():
        done = subprocess.run(command, shell=True, cwd=folder, env=env, capture_output=True, text=True, check=False)
        steps.append(Step(command, done.stdout if not done.returncode else done.stdout + done.stderr, done.returncode))
    return steps


def written(steps: list[Step]) -> str:
    """The page with what the steps printed."""
    left = iter(steps)

    def block(match: "re.Match[str]") -> str:
        told = (f"$ {step.command}\n{step.output}" for _, step in zip(_typed(match.group(1)), left, strict=False))
        return f"```console\n{''.join(told)}```"

    text = BLOCK.sub(block, PAGE.read_text("utf-8"))
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def _typed(block: str) -> list[str]:
    return [line for line in block.splitlines() if line.startswith("$ ")]


if __name__ == "__main__":
    with TemporaryDirectory() as empty, llama() as url:
        walked = walk(Path(empty), url)
        shutil.copy(Path(empty) / LEDGER, ANSWERED)
    PAGE.write_text(written(walked), encoding="utf-8")
    sys.exit(max(step.code for step in walked))
