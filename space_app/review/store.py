"""Where opinions are kept: a folder here, or a dataset on the Hub (`ledger.py`)."""

from pathlib import Path
from typing import NamedTuple, Protocol

from builder.review.opinion import Opinion, Opinions, add_opinion, read_opinions
from eval.errors import InputError


class Saving(NamedTuple):
    """A reviewer's decisions since the server began: how many wait, how many are saved, why those wait longer."""

    waiting: int = 0
    saved: int = 0
    problem: str = ""


class Store(Protocol):
    """Opinions, an append-only file per reviewer."""

    at_once: bool
    """Whether what was added is saved when `add` returns; else `saving` tells."""

    def read(self, reviewer: str) -> Opinions:
        """What is saved, and the reviewer's own that is not yet.

        Raises:
            InputError: a line of a file is no opinion.
        """
        ...

    def add(self, opinion: Opinion) -> None:
        """Keep it.

        Raises:
            XsbError, OSError: it cannot be kept.
        """
        ...

    def saving(self, reviewer: str) -> Saving:
        """How far it is."""
        ...

    def refresh(self) -> None:
        """Look what others have added meanwhile."""
        ...


class Folder:
    """A folder on this machine, in which every decision is saved at once."""

    at_once = True

    def __init__(self, folder: Path) -> None:
        """Read it once, to say at the start what cannot be read.

        Raises:
            InputError: it is a file, or a line of its files is no opinion.
        """
        if folder.exists() and not folder.is_dir():
            raise InputError(f"{folder} is a file; give a folder for the reviewers' files")
        read_opinions(folder)
        self.folder = folder

    def read(self, reviewer: str) -> Opinions:  # noqa: ARG002  # whose they are makes no difference
        """All opinions."""
        return read_opinions(self.folder)

    def add(self, opinion: Opinion) -> None:
        """Append it to the reviewer's file."""
        add_opinion(self.folder, opinion)

    def saving(self, reviewer: str) -> Saving:  # noqa: ARG002  # nobody's decisions wait
        """Nothing ever waits."""
        return Saving()

    def refresh(self) -> None:
        """Nothing to do: the files are read each time."""
