"""People at a shell: a folder, an environment, and what they type; contributors have a clone of a fork there."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from tests.test_promises import ROOT

COMMANDS = Path(sys.executable).parent
IGNORED = shutil.ignore_patterns("__pycache__")
# Files of records that the origin has: a part, to save time; none of a scenario in dev.
KEPT = ("homonyms", "safe_targets", "airport-signs", "attic-railway")


class Person:
    """Somebody in a folder, with variables of their environment."""

    def __init__(self, folder: Path, **environment: str) -> None:
        folder.mkdir(exist_ok=True)
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "GITHUB_"))}
        own = {"PATH": f"{COMMANDS}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "COLUMNS": "110"}
        self.folder, self.environment = folder, {**clean, **own, **environment}

    def type(self, line: str, ends: int = 0, **environment: str) -> str:
        """Type a line into a shell there; give what it printed."""
        done = subprocess.run(
            line, shell=True, cwd=self.folder, env={**self.environment, **environment}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        assert done.returncode == ends, f"{line}: {done.stdout}"
        return done.stdout

    def begin(self, line: str) -> "subprocess.Popen[str]":
        """Type a line that does not end at once; what it prints goes to a file, so that no pipe fills up."""
        with (self.folder / "printed.txt").open("w") as file:
            return subprocess.Popen(
                shlex.split(line), cwd=self.folder, env=self.environment, text=True, stdout=file,
                stderr=subprocess.STDOUT,
            )  # fmt: skip


class Contributor(Person):
    """Somebody with a clone of a fork of a copy of this working tree, whose commands are the clone's own."""

    def __init__(self, origin: Path, folder: Path, **environment: str) -> None:
        fork = folder.with_suffix(".git")
        subprocess.run(["git", "clone", "--quiet", "--bare", origin, fork], check=True)
        subprocess.run(["git", "clone", "--quiet", fork, folder], check=True)
        (folder / ".venv").symlink_to(COMMANDS.parent)
        identity = {
            f"GIT_{who}_{what}": "anna@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        # Their own modules go before those of the checkout that the commands were installed from.
        own = {"PYTHONPATH": str(folder), "GIT_CONFIG_GLOBAL": os.devnull}
        super().__init__(folder, **own, **identity, **environment)


def make_origin(folder: Path) -> Path:
    """What contributors clone: this working tree, committed to main, with a part of the records."""
    for name in ("builder", "eval", "hub_cards", ".github"):
        shutil.copytree(ROOT / name, folder / name, ignore=IGNORED)
    shutil.copy(ROOT / ".gitignore", folder)
    for file in folder.glob("builder/records/*/*.yaml"):
        if file.stem not in KEPT:
            file.unlink()
    anna = ("-c", "user.name=Anna", "-c", "user.email=anna@example.org", "-c", "commit.gpgsign=false")
    for arguments in (
        ("init", "--quiet", "--initial-branch", "main"),
        ("add", "--all"),
        (*anna, "commit", "--quiet", "-m", "All"),
    ):
        subprocess.run(["git", *arguments], cwd=folder, check=True)
    return folder
