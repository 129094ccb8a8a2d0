"""Every fault at every endpoint that publishing asks for: what came of it. Run as a module, it prints the table.

Each cell is a repository of its own that holds version 1; version 2 is published while the fault lasts, and once more
when it is over. All cells run at the same time, since most of their time is waiting for the clients' next try.
"""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from hub_cards.errors import HubError
from tests.hub_server import Server, hub
from tests.hub_server.faults import FAULTS, Fault

if TYPE_CHECKING:
    from hub_cards.hub import Repository

NAMES = ("README.md", "data.parquet")


class Endpoint(NamedTuple):
    """An endpoint as a row of the table: what it is asked for, and from which request on it fails."""

    name: str
    what: str
    since: str = ""
    new: bool = False  # of a repository that does not exist yet
    create_pr: bool = False


ENDPOINTS = (
    Endpoint("whoami", "who asks"),
    Endpoint("info", "the commit that main ends at"),
    Endpoint("paths-info", "the files there"),
    Endpoint("refs", "the tags there"),
    Endpoint("resolve", "the file there, for the difference"),
    Endpoint("create", "a new repository", new=True),
    Endpoint("validate-yaml", "the check of the card"),
    Endpoint("preupload", "how files are sent"),
    Endpoint("lfs-batch", "where LFS files are sent"),
    Endpoint("lfs-put", "an LFS file"),
    Endpoint("lfs-verify", "the check of an LFS file"),
    Endpoint("commit", "the commit"),
    Endpoint("tag", "the tag"),
    Endpoint("resolve", "the files, read back", since="tag"),
    Endpoint("discussions", "open pull requests", create_pr=True),
    Endpoint("commit", "the commit as a pull request", create_pr=True),
)


class Asked(NamedTuple):
    """A cell to be measured: a fault that lasts, or one that comes once."""

    endpoint: Endpoint
    fault: Fault
    once: bool


THREADS = 90  # at a time, below the 100 connections of the client
PASSING: tuple[Fault, ...] = ("429", "500", "reset", "truncated", "lost")  # faults that may come once and be over
ASKED = [
    *(Asked(endpoint, fault, False) for endpoint in ENDPOINTS for fault in FAULTS),
    *(Asked(endpoint, fault, True) for endpoint in ENDPOINTS for fault in PASSING),
]


class Cell(NamedTuple):
    """What came of a fault: the message of the run, empty if it completed; what the repository held then, `old`, `new`
    or something else; and the message of the run after the fault was over."""

    endpoint: str
    what: str
    fault: Fault
    once: bool
    message: str
    held: str
    again: str
    ended: str

    @property
    def outcome(self) -> str:
        """`completes`, or the version that is there after the run that failed."""
        return self.held if self.message else "completes"


def files_of(user: str, version: int) -> dict[str, bytes]:
    """The files of a version; each user has others, since a hub stores what it knows already only once."""
    return {name: f"---\nlicense: mit\n---\n{name}, version {version} of {user}\n".encode() for name in NAMES}


class Table:
    """The cells, each with a user and a repository of its own on one hub."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server, self.folder = server, folder

    def cell(self, number: int, asked: Asked) -> Cell:
        from hub_cards.hub import Repository

        endpoint, fault, once = asked
        user, token = f"user{number}", f"hf_secret{number}"
        (self.folder / user).mkdir()
        for name, content in files_of(user, 2).items():
            (self.folder / user / name).write_bytes(content)
        self.server.add_token(token, user)
        if not endpoint.new:
            self.server.put("datasets", f"{user}/data", files_of(user, 1))
        self.server.fail(user, endpoint.name, fault, times=1 if once else None, since=endpoint.since)
        repository = Repository(f"{user}/data", token=token)
        message = self.publish(repository, endpoint)
        assert self.server.faults.hits[user, endpoint.name], f"{endpoint.name} was never asked: {message}"
        held = self.held(repository.id, endpoint)
        self.server.heal(user)
        again = self.publish(repository, endpoint)
        ended = self.held(repository.id, endpoint)
        return Cell(endpoint.name, endpoint.what, fault, once, message, held, again, ended)

    def publish(self, repository: "Repository", endpoint: Endpoint) -> str:
        """Publish version 2 as the commands do; the message of the error, empty without one."""
        from hub_cards.plan import plan
        from hub_cards.push import before, check_back, publish

        files = {name: self.folder / repository.id.split("/")[0] / name for name in NAMES}
        with TemporaryDirectory(dir=self.folder) as cache:
            try:
                planned = plan(files, repository, "Version 2", tag="v2", create_pr=endpoint.create_pr)
                before(planned, "README.md", Path(cache) / "before")
                done = publish(planned)
                check_back(planned, done.revision, Path(cache) / "after")
            except HubError as error:
                return str(error)
        return ""

    def held(self, name: str, endpoint: Endpoint) -> str:
        """Which version the repository, or its only pull request, holds."""
        found = self.server.store.repositories.get(("datasets", name))
        if found is None:
            return "old"
        requests = [oid for reference, oid in found.references.items() if reference.startswith("refs/pr/")]
        if endpoint.create_pr and len(requests) > 1:
            return f"{len(requests)} pull requests"
        tree = self.server.store.commit((requests or [found.references["refs/heads/main"]])[0]).tree
        files = {name: self.server.store.read(entry) for name, entry in tree.items() if name != ".gitattributes"}
        user = name.split("/")[0]
        old = {} if endpoint.new else files_of(user, 1)
        return "new" if files == files_of(user, 2) else "old" if files == old else f"half: {sorted(files)}"


def measure() -> list[Cell]:
    """All cells, in the order of the table."""
    with TemporaryDirectory() as folder, hub(Path(folder) / "hub") as server:
        os.environ.update(server.environment(Path(folder) / "home"))  # before the clients are imported
        os.environ["HF_HUB_VERBOSITY"] = "error"
        table = Table(server, Path(folder))
        with ThreadPoolExecutor(THREADS) as threads:
            return list(threads.map(table.cell, range(len(ASKED)), ASKED))


def markdown(cells: list[Cell]) -> str:
    """The two tables of the docs."""
    return "The fault lasts:\n\n" + _table(cells, False) + "\nThe fault comes once:\n\n" + _table(cells, True)


def _table(cells: list[Cell], once: bool) -> str:
    faults = PASSING if once else FAULTS
    lines = ["| asked for | " + " | ".join(faults) + " |", "|---|" + "---|" * len(faults)]
    for endpoint in ENDPOINTS:
        of_this = [cell for cell in cells if (cell.endpoint, cell.what, cell.once) == (*endpoint[:2], once)]
        lines.append(f"| `{endpoint.name}`: {endpoint.what} | {' | '.join(cell.outcome for cell in of_this)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    found = measure()
    print(json.dumps(found) if "--json" in sys.argv else markdown(found))
