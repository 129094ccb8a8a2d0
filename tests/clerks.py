"""Workers for Ray's actors that load no model, and what they are asked. No torch, so that an actor is there soon."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from eval.errors import InputError, UnknownName


class Clerk:
    """A worker that is there at once."""

    def __init__(self, facts: dict[str, str]) -> None:
        self.facts = facts


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def note(notes: Path, task: object) -> int:
    """Write down who did what; how often it was done."""
    with notes.open("a") as file:
        file.write(f"{task} {os.getpid()}\n")
    return [line.split()[0] for line in notes.read_text().splitlines()].count(str(task))


def pids(notes: Path) -> set[int]:
    return {int(line.split()[1]) for line in notes.read_text().splitlines()}


def square(_worker: object, task: int, notes: Path) -> int:
    """The second task waits until another actor has come and done one."""
    note(notes, task)
    wait_until(lambda: task != 1 or len(pids(notes)) > 1)
    return task * task


def dying(_clerk: Clerk, task: int, notes: Path, deaths: int) -> int:
    if task == 2 and note(notes, task) <= deaths:
        os.kill(os.getpid(), signal.SIGKILL)
    return task * task


def failing(_clerk: Clerk, task: int) -> int:
    if task == 3:
        raise UnknownName("task", "thre", ["three"])
    return task


def wrong(_notes: Path) -> Clerk:
    raise InputError("no such clerk; name another")


def unlike(notes: Path) -> Clerk:
    return Clerk({"revision": str(note(notes, "made"))})


def fatal(notes: Path) -> Clerk:
    note(notes, "made")
    os.kill(os.getpid(), signal.SIGKILL)
    return Clerk({})
