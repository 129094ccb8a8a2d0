"""Checks new records beside those that are there fast enough to do so while they are typed.

The rules are those of `xsb-build validate` and, for what only two states of the records tell, of `check-changes`. The
records that are there are read once; of their near-duplicates only candidates for one are compared by the rule.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

from builder.accept.blame import Blame, blames
from builder.contribute.changes import no_setting, outside_dev
from builder.contribute.compare import Changed
from builder.contribute.skeletons import free_number, scenarios_ever
from builder.near import NEAR, grams
from builder.rules import OF_GROUPS
from builder.source.read import Place, Problem, read_places, read_text
from builder.versions import next_version
from eval.errors import InputError
from eval.record import TYPES, Record

FILE = "record.yaml"  # stands for the new file in problems


class Nearest(NamedTuple):
    """The record that is most like a text, and how much: 0 (nothing shared) to 1 (the same)."""

    record: Record
    similarity: float


class Checked(NamedTuple):
    """The records of a text and their first lines, what kept others from being read, and what each is blamed for."""

    records: Sequence[Record]
    lines: Sequence[int]
    unread: Sequence[Problem]
    blames: Sequence[Blame]

    @property
    def valid(self) -> bool:
        """Whether `xsb-build validate` and `check-changes` would accept the file."""
        return bool(self.records) and not self.unread and not self.blames


class Beside:
    """The records of a folder, beside which new ones are to stand."""

    def __init__(self, folder: Path) -> None:
        """Read them.

        Raises:
            InputError: one of them cannot be read.
        """
        self.folder = folder
        self.records, _, problems = read_places(folder)
        if problems:
            raise InputError(f"{problems[0]}; run xsb-build validate {folder}")
        self.version = next_version(folder)
        self._sizes, self._having = list[int](), defaultdict[str, list[int]](list)
        for at, record in enumerate(self.records):
            its = grams(record.prompt)
            self._sizes.append(len(its))
            for gram in its:
                self._having[gram].append(at)
        self._numbers: dict[str, int] = {}

    def free_number(self, kind: str) -> int:
        """The next number of a prompt of the type; of what is no type, the first."""
        if kind not in TYPES:
            return 1
        if kind not in self._numbers:
            self._numbers[kind] = free_number(kind, self.folder)
        return self._numbers[kind]

    def nearest(self, text: str) -> Nearest:
        """The record whose last turn is most like the text."""
        similarity, at = max(((like, -at) for at, like in self._alike(text)), default=(0.0, 0))
        return Nearest(self.records[-at], similarity)

    def check(self, text: str) -> Checked:
        """What is wrong with a new file of records that has this text."""
        new, places, unread = read_text(text, FILE)
        found = [*self._broken(new), *self._used(new), *_of_change(new, places)]
        # What was not read could be what a pair or a scenario lacks.
        told = [blame for blame in found if not unread or blame.rule not in OF_GROUPS]
        return Checked(new, [place.line for place in places], unread, told)

    def _broken(self, new: Sequence[Record]) -> Iterator[Blame]:
        near = {at for record in new for at, like in self._alike(record.prompt) if like > NEAR}
        return blames(self.records, new, [self.records[at] for at in sorted(near)])

    def _alike(self, text: str) -> Iterator[tuple[int, float]]:
        """The records that share anything with a text, each with its similarity as `builder.near.near` has it."""
        wanted = grams(text)
        shared = Counter(at for gram in wanted for at in self._having.get(gram, ()))
        return ((at, both / (len(wanted) + self._sizes[at] - both)) for at, both in shared.items())

    @cached_property
    def _scenarios(self) -> set[str]:
        return scenarios_ever(self.folder)

    def _used(self, new: Sequence[Record]) -> Iterator[Blame]:
        """Scenarios that only once had their id; those of now are found by the rule on unique ids."""
        scenarios = {record.scenario_id: at for at, record in reversed([*enumerate(new)]) if record.scenario_id}
        for name, at in scenarios.items():
            if name in self._scenarios:
                yield Blame(at, "unique ids", f"the id {name} is in use, or was once; choose another name")


@cache
def beside(folder: Path) -> Beside:
    """The records of a folder, read at the first call; errors as of `Beside`."""
    return Beside(folder)


def _of_change(new: Sequence[Record], places: Sequence[Place]) -> Iterator[Blame]:
    """What check-changes would say of new records."""
    rows = [Changed(record, place) for record, place in zip(new, places, strict=True)]
    for name, rule in (("new ones in dev", outside_dev), ("settings", no_setting)):
        for problem in rule(rows):
            at = next(at for at, place in enumerate(places) if place.line == problem.line)
            yield Blame(at, name, problem.message.removeprefix(f"{new[at].id}: "))
