"""What git knows of a folder: which commit a change began at, what the files were there, which ids were deleted.

It calls the program git and only reads; nothing in the repository or its working tree is changed.
"""

import io
import re
import subprocess
import tarfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from eval.errors import InputError

ID_KEY = re.compile(r"""(?<!\w)id["']?: *["']?([\w-]+)""")


class Deleted(NamedTuple):
    """`id` stood in `path`, relative to the root, until `commit` took it away."""

    id: str
    commit: str
    path: str


class GitRepository:
    """The git repository that a folder lies in; `root` is the top of its working tree."""

    def __init__(self, folder: Path) -> None:
        """Find the repository.

        Raises:
            InputError: there is no git, no such folder, or no repository around it.
        """
        if not folder.is_dir():
            raise InputError(f"{folder} is no folder; give the one that holds xsb and ms_xsb")
        done = git(folder, "rev-parse", "--show-toplevel")
        if done.returncode:
            raise InputError(
                f"{folder} is in no git repository that can be read ({complaint(done)}); give a clone's folder"
            )
        self.root = Path(done.stdout.decode().removesuffix("\n"))

    def merge_base(self, revision: str) -> str:
        """The commit from which HEAD and the revision went apart.

        Raises:
            InputError: there is no such revision, no commit yet, or nothing that both share.
        """
        if not self._is_commit("HEAD"):
            raise InputError(f"{self.root} has no commit yet; commit the records first")
        if not self._is_commit(revision):
            fix = "give a branch, tag or commit, like main or origin/main"
            raise InputError(f"{self.root} has no revision {revision!r}; {fix}")
        done = git(self.root, "merge-base", "--end-of-options", revision, "HEAD")
        if done.returncode:
            raise InputError(f"{revision!r} and HEAD share no commit; in a shallow clone, run git fetch --unshallow")
        return done.stdout.decode().strip()

    def inside(self, *folders: Path) -> list[str]:
        """The folders that lie in the repository, relative to its root."""
        there = [folder.resolve() for folder in folders]
        return [folder.relative_to(self.root).as_posix() for folder in there if folder.is_relative_to(self.root)]

    def restore(self, commit: str, folders: Collection[str], into: Path) -> None:
        """Write what the folders, relative to the root, held at the commit; one that did not exist is left out."""
        there = [path for path in folders if self._run("ls-tree", "--full-tree", commit, "--", path)]
        if not there:
            return
        with tarfile.open(fileobj=io.BytesIO(self._run("archive", "--format=tar", commit, "--", *there))) as files:
            files.extractall(into, filter="data")

    def deleted_ids(self, commit: str, folder: str) -> Iterator[Deleted]:
        """Every id that was taken out of a file of the folder on the way to the commit, the last one first."""
        walk = ("log", "--first-parent", "-m", "--format=commit %H", commit)
        show = ("-p", "-U0", "--no-renames", "--no-prefix", "--no-color", "--no-ext-diff", "--no-textconv")
        at = path = ""
        for line in self._run(*walk, *show, "--", folder).decode(errors="replace").splitlines():
            if line.startswith("commit "):
                at = line.removeprefix("commit ")
            elif line.startswith("--- "):
                path = line.removeprefix("--- ")
            elif line.startswith("-") and (key := ID_KEY.search(line)):
                yield Deleted(key.group(1), at, path)

    def before(self, deleted: Deleted) -> bytes:
        """The file that held the id, as it was before the commit that took it away."""
        return self._run("show", f"{deleted.commit}^:{deleted.path}")

    def _is_commit(self, name: str) -> bool:
        done = git(self.root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        return done.returncode == 0

    def _run(self, *arguments: str) -> bytes:
        done = git(self.root, *arguments)
        if done.returncode:
            raise InputError(f"git {arguments[0]} failed in {self.root}: {complaint(done)}")
        return done.stdout


def ids_in(folder: Path) -> Iterator[str]:
    """Every id in the YAML files of a folder, also those of records that cannot be read."""
    for file in folder.rglob("*.y*ml"):
        if file.is_file():
            yield from ID_KEY.findall(file.read_text(encoding="utf-8", errors="replace"))


def git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """What came of a command of git in a folder.

    Raises:
        InputError: there is no git.
    """
    command = ["git", "-C", str(folder), "-c", "core.quotePath=off", *arguments]
    try:
        return subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise InputError("git is not installed; install it (Debian: apt install git) and run this again") from error


def complaint(done: subprocess.CompletedProcess[bytes]) -> str:
    """The first line of what git complained of."""
    return (done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"])[0]
