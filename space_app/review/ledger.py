"""Opinions in a dataset on the Hub, a file per reviewer: decisions of a few seconds become one commit.

A decision counts as saved when its commit has returned, and until then only for the one who made it. Each commit is
made on the commit that was looked at, so that no other process's lines are lost; where something came between, it is
looked at anew. That is what `huggingface_hub.CommitScheduler` does not do: it uploads whole files of this machine
over what is there, and what is left when SIGTERM comes is lost.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Condition, Thread
from time import monotonic

from builder.review.opinion import Opinion, Opinions
from eval.errors import XsbError
from hub_cards.errors import HubError
from hub_cards.hub import Repository, publisher
from space_app.review.mirror import Mirror
from space_app.review.store import Saving

PATIENCE = 60.0  # seconds at most between two tries
GRACE = 20.0  # seconds for the last commit when the process is asked to end
LAST = 0.5  # seconds between two tries then
LOOKING = 2.0  # seconds that a visitor waits at most for news
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Waiting:
    """A decision that is not saved yet: as a line, and when it was made."""

    opinion: Opinion
    line: bytes
    since: float


class Ledger:
    """The opinions of a dataset on the Hub; one thread alone asks the Hub."""

    at_once = False

    def __init__(self, repository: Repository, folder: str, seconds: float) -> None:
        """Read what is there.

        Args:
            repository: with a token that may write.
            folder: of the reviewers' files there.
            seconds: after which what waits is committed.

        Raises:
            HubError: the Hub cannot be read, there is no such dataset, or the token may not write there.
            InputError: a line of a file is no opinion.
        """
        publisher(repository)
        self._mirror = Mirror(repository, folder)
        self._mirror.look()
        self._mirror.read()
        self._seconds = seconds
        self._changed = Condition()
        self._waiting: list[Waiting] = []
        self._saved = Counter[str]()
        self._problem, self._failed = "", 0
        self._due, self._ends = 0.0, False
        self._wanted, self._looked = False, monotonic()
        self._thread = Thread(target=self._run, name="xsb-reviews", daemon=True)
        self._thread.start()

    def read(self, reviewer: str) -> Opinions:
        """What is saved, and the reviewer's own that is not yet."""
        with self._changed:
            own = [one.opinion for one in self._waiting if one.opinion.reader == reviewer]
        saved = self._mirror.read()
        of = defaultdict(list, {key: list(rows) for key, rows in saved.of.items()})
        for opinion in own:
            of[opinion.id].append(opinion)
        return Opinions({key: sorted(rows, key=lambda row: row.date) for key, rows in of.items()}, saved.adjudicated)

    def add(self, opinion: Opinion) -> None:
        """Let it wait for the next commit.

        Raises:
            XsbError: the process is about to end.
        """
        line = opinion.model_dump_json().encode() + b"\n"
        with self._changed:
            if self._ends:
                raise XsbError("the server is being stopped; load the page again in a minute")
            if not self._waiting:
                self._due = monotonic() + self._seconds
            self._waiting.append(Waiting(opinion, line, monotonic()))
            self._changed.notify_all()

    def saving(self, reviewer: str) -> Saving:
        """How many of the reviewer's decisions wait and are saved."""
        with self._changed:
            waiting = sum(one.opinion.reader == reviewer for one in self._waiting)
            return Saving(waiting, self._saved[reviewer], self._problem if waiting else "")

    def refresh(self) -> None:
        """Look what others have added, unless that was done a moment ago; what cannot be read is read later."""
        with self._changed:
            if monotonic() - self._looked >= self._seconds:
                self._wanted = True
                self._changed.notify_all()
                self._changed.wait_for(lambda: not self._wanted, LOOKING)

    def close(self) -> None:
        """Commit what waits, and tell how much could not be."""
        with self._changed:
            self._ends, self._due = True, monotonic()
            self._changed.notify_all()
        self._thread.join(GRACE)
        if left := len(self._waiting):
            log.warning("review: %d decisions could not be saved: %s", left, self._problem or "no time was left")

    def _run(self) -> None:
        """Ask the Hub for what is due, until the end."""
        while True:
            with self._changed:
                while not (due := bool(self._waiting) and monotonic() >= self._due) and not self._wanted:
                    if self._ends and not self._waiting:
                        return
                    self._changed.wait(self._due - monotonic() if self._waiting else None)
                batch = list(self._waiting) if due else []
            self._settle(batch, self._attempt(batch))

    def _attempt(self, batch: Sequence[Waiting]) -> str:
        """Commit the batch, or only look; what went wrong, empty if nothing did."""
        lines = defaultdict(list)
        for one in batch:
            lines[one.opinion.reader].append(one.line)
        try:
            if batch:
                self._mirror.add(lines)
            else:
                self._mirror.look()
        except (HubError, OSError) as error:
            log.warning("review: %s", error)
            return str(error)
        except Exception as error:  # whatever it is, what waits is tried again
            log.exception("review: the opinions could not be saved")
            return f"the dataset cannot be written ({type(error).__name__}); the log of this Space says more"
        return ""

    def _settle(self, batch: Sequence[Waiting], problem: str) -> None:
        """Count what is saved, and say when the rest is due."""
        with self._changed:
            self._wanted, self._looked = False, monotonic()
            if batch and problem:
                self._failed += 1
                self._problem = problem
                pause = LAST if self._ends else min(self._seconds * 2**self._failed, PATIENCE)
                self._due = monotonic() + pause
            elif batch:
                self._failed, self._problem = 0, ""
                self._saved.update(one.opinion.reader for one in batch)
                del self._waiting[: len(batch)]
                if self._waiting:
                    self._due = monotonic() if self._ends else self._waiting[0].since + self._seconds
            self._changed.notify_all()
