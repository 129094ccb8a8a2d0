"""Decisions on the Hub, with its real client: when they count as saved, and what is lost (nothing that did)."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builder.review.opinion import Opinion
from tests.hub_server import Server, answering, hub
from tests.hub_server.storage import MAIN, Commit

TOKEN = "hf_secret_of_the_space"


class Clerk:
    """A process of `desk_process`."""

    def __init__(self, server: Server, home: Path, token: str = TOKEN) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.space_app.review.desk_process"],
            env={**os.environ, **server.environment(home, token)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def do(self, *words: object) -> object:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        return json.loads(line) if line else self.process.communicate()[1]

    def saving(self, name: str, reader: str = "anna") -> tuple[int, int, str]:
        waiting, saved, problem = self.do("saving", name, reader)  # type: ignore[misc]  # JSON
        return waiting, saved, problem

    def until(
        self, good: Callable[[tuple[int, int, str]], bool], name: str, seconds: float = 15
    ) -> tuple[int, int, str]:
        """The first answer to `saving` that is good."""
        end = time.monotonic() + seconds
        while not good(now := self.saving(name)):
            assert time.monotonic() < end, now
            time.sleep(0.02)
        return now

    def end(self, how: int) -> str:
        """What it wrote to the log."""
        self.process.send_signal(how)
        return self.process.communicate(timeout=30)[1]


class Dataset:
    """The dataset on the hub."""

    def __init__(self, server: Server) -> None:
        self.server = server

    @property
    def commits(self) -> list[Commit]:
        found = self.server.store.repositories["datasets", "lab/xsb"]
        return self.server.store.history(found.references[MAIN])

    def ids(self, reader: str = "anna") -> list[str]:
        """The candidates in a reviewer's file, in the order of its lines."""
        entry = self.commits[0].tree.get(f"reviews/{reader}.jsonl")
        lines = self.server.store.read(entry).splitlines() if entry else []
        return [Opinion.model_validate_json(line).id for line in lines]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with hub(tmp_path_factory.mktemp("ledger")) as running:
        running.add_token(TOKEN, "space", lab="write")
        running.add_token("hf_reader", "space", role="read", lab="write")
        yield running


@pytest.fixture
def dataset(server: Server) -> Dataset:
    server.heal("space")
    server.put("datasets", "lab/xsb", {"README.md": b"# XSB\n"})
    return Dataset(server)


@pytest.fixture(scope="module")
def clerk(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clerk]:
    clerk = Clerk(server, tmp_path_factory.mktemp("home") / "home")
    yield clerk
    clerk.end(signal.SIGKILL)


def test_decisions_of_a_moment_are_one_commit_and_saved_when_it_returned(clerk: Clerk, dataset: Dataset) -> None:
    dataset.server.fail("space", "commit", "500", times=1)  # so the client waits a second and asks again
    before = len(dataset.commits)
    clerk.do("new", "a", 0.4)
    for reader, candidate in (("anna", "c-1"), ("bert", "c-1"), ("anna", "c-2")):
        clerk.do("add", "a", reader, candidate)
    assert clerk.saving("a") == (2, 0, "")
    while not dataset.server.faults.hits["space", "commit"]:
        assert clerk.saving("a")[1] == 0
    assert clerk.saving("a") == (2, 0, "") and dataset.ids() == []
    assert clerk.until(lambda now: now[1] > 0, "a") == (0, 2, "")
    assert (dataset.ids(), dataset.ids("bert")) == (["c-1", "c-2"], ["c-1"])
    assert len(dataset.commits) == before + 1 and dataset.commits[0].title == "Add 3 review decisions"
    assert "README.md" in dataset.commits[0].tree
    clerk.do("add", "a", "anna", "c-3")
    clerk.until(lambda now: now == (0, 3, ""), "a")
    assert dataset.ids() == ["c-1", "c-2", "c-3"]


def test_what_is_not_saved_is_seen_only_by_who_decided(clerk: Clerk, dataset: Dataset) -> None:
    clerk.do("new", "b", 10)
    clerk.do("add", "b", "anna", "c-1")
    assert clerk.do("sees", "b", "anna") == [["anna", "c-1"]]
    assert clerk.do("sees", "b", "bert") == []
    clerk.do("close", "b")
    assert clerk.do("sees", "b", "bert") == [["anna", "c-1"]] and dataset.ids() == ["c-1"]


def test_what_fails_is_said_and_tried_again(clerk: Clerk, dataset: Dataset) -> None:
    dataset.server.fail("space", "commit", "403")
    clerk.do("new", "c", 0.1)
    clerk.do("add", "c", "anna", "c-1")
    waiting, saved, problem = clerk.until(lambda now: bool(now[2]), "c")
    assert (waiting, saved) == (1, 0) and problem.startswith("the token may not do this in lab/xsb;")
    clerk.do("add", "c", "anna", "c-2")
    dataset.server.heal("space")
    assert clerk.until(lambda now: now[1] > 0, "c") == (0, 2, "")
    assert dataset.ids() == ["c-1", "c-2"]


@pytest.mark.parametrize("fault", ["lost", "412", "409", "reset"])
def test_a_line_comes_once_whatever_becomes_of_the_answer(clerk: Clerk, dataset: Dataset, fault: str) -> None:
    dataset.server.fail("space", "commit", fault, times=1)  # type: ignore[arg-type]
    clerk.do("new", fault, 0.01)
    clerk.do("add", fault, "anna", "c-1")
    clerk.until(lambda now: now == (0, 1, ""), fault)
    assert dataset.ids() == ["c-1"]


def test_two_servers_and_somebody_s_hand_lose_no_line_of_each_other(clerk: Clerk, dataset: Dataset) -> None:
    for name in ("d1", "d2"):
        clerk.do("new", name, 0.01)
    for number in range(12):
        for name in ("d1", "d2"):
            clerk.do("add", name, "anna", f"c-{name}-{number}")
    for name in ("d1", "d2"):
        clerk.until(lambda now: now[:2] == (0, 12), name)
    assert sorted(dataset.ids()) == sorted(f"c-{name}-{number}" for name in ("d1", "d2") for number in range(12))

    line = dataset.server.store.read(dataset.commits[0].tree["reviews/anna.jsonl"]).splitlines()[0]
    by_hand = line.replace(b"c-d1-0", b"c-hand").replace(b"c-d2-0", b"c-hand").replace(b'"anna"', b'"bert"')
    dataset.server.put("datasets", "lab/xsb", {"reviews/bert.jsonl": by_hand, "reviews/anna.jsonl": line + b"\n"})
    time.sleep(0.02)  # it does not look twice in a moment
    clerk.do("refresh", "d1")
    assert ["bert", "c-hand"] in clerk.do("sees", "d1", "carla")  # type: ignore[operator]
    clerk.do("add", "d1", "bert", "c-after")
    clerk.until(lambda _: clerk.saving("d1", "bert")[1] == 1, "d1")
    assert dataset.ids("bert") == ["c-hand", "c-after"]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_process_commits_what_waits(server: Server, dataset: Dataset, tmp_path: Path, how: int) -> None:
    clerk = Clerk(server, tmp_path / "home")
    clerk.do("new", "a", 10)
    server.fail("space", "commit", "412", times=1)
    clerk.do("add", "a", "anna", "c-1")
    assert clerk.saving("a") == (1, 0, "")
    log = clerk.end(how)
    assert dataset.ids() == ["c-1"] and TOKEN not in log and "KeyboardInterrupt" in log


def test_a_killed_process_loses_only_what_did_not_count_as_saved(
    server: Server, dataset: Dataset, tmp_path: Path
) -> None:
    clerk = Clerk(server, tmp_path / "home")
    clerk.do("new", "a", 0.1)
    clerk.do("add", "a", "anna", "c-1")
    clerk.until(lambda now: now[1] == 1, "a")
    server.fail("space", "commit", "500")
    clerk.do("add", "a", "anna", "c-2")
    assert clerk.saving("a")[:2] == (1, 1)
    clerk.end(signal.SIGKILL)
    assert dataset.ids() == ["c-1"]


def test_while_the_hub_cannot_be_reached_decisions_wait(tmp_path: Path) -> None:
    server = Server(tmp_path / "hub")
    server.add_token(TOKEN, "space", lab="write")
    server.put("datasets", "lab/xsb", {"README.md": b""})
    with answering(server):
        clerk = Clerk(server, tmp_path / "home")
        clerk.do("new", "a", 0.1)
    clerk.do("add", "a", "anna", "c-1")
    clerk.do("refresh", "a")
    problem = clerk.until(lambda now: bool(now[2]), "a")[2]
    assert problem.startswith(f"{server.url} cannot be reached;")
    with answering(server, int(server.url.rsplit(":", 1)[1])):
        clerk.until(lambda now: now == (0, 1, ""), "a")
        assert Dataset(server).ids() == ["c-1"]
        assert clerk.end(signal.SIGKILL).count("cannot be reached") >= 1


def test_what_cannot_begin_is_said(server: Server, dataset: Dataset, tmp_path: Path) -> None:
    reader = Clerk(server, tmp_path / "home", "hf_reader")
    assert "may only read; make one that may write" in str(reader.do("new", "a", 1))
    reader.end(signal.SIGKILL)
    del dataset.server.store.repositories["datasets", "lab/xsb"]
    clerk = Clerk(server, tmp_path / "other")
    assert "the Hub has no dataset lab/xsb" in str(clerk.do("new", "a", 1))
    clerk.end(signal.SIGKILL)
