"""Compares the records of two times: which of them changed, and which problems a change has to answer for.

A change answers for all that is wrong with what it touched, and for what it broke elsewhere. It does not answer for
what was wrong before with what it left alone.
"""

import os
import re
from collections.abc import Collection, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import yaml
from yaml import MappingNode, SequenceNode

from builder.source.nodes import line
from builder.source.read import LINE, Place, Problem, read_places
from builder.validate import validate
from eval.record import Record

LISTS = ("records", "endings")
# What may differ between two messages about one old problem: how many, how much alike, and where the other one stands.
NUMBER, OTHER = re.compile(r"(?<![\w-])\d+(?:\.\d+)?"), re.compile(r" \(the other: .*\)$")
_Blocks = dict[int, str]  # texts of records by their first line


class State(NamedTuple):
    """The records at one time; `root` is what paths are told relative to, `unread` what kept others from being read."""

    root: Path
    records: list[Record]
    places: list[Place]
    unread: list[Problem]


class Changed(NamedTuple):
    """A record that is new or different, and where it stands now."""

    record: Record
    place: Place


def read_state(root: Path, folder: str) -> State:
    """The records in a folder, which is given relative to the root."""
    return State(root, *read_places(root / folder))


def changed(then: State, now: State) -> list[Changed]:
    """The records of now that did not exist as they are."""
    before = {record.id: record for record in then.records}
    pairs = zip(now.records, now.places, strict=True)
    return [Changed(record, place) for record, place in pairs if record != before.get(record.id)]


def problems_of_change(then: State, now: State) -> list[Problem]:
    """All problems of what the change touched, and those of the rest that were not there before."""
    places = {place for _, place in changed(then, now)}
    touched, rest = list[Problem](), list[Problem]()
    blocks: dict[str, tuple[_Blocks, _Blocks]] = {}
    for problem in _problems(now, places):
        if problem.file not in blocks:
            old = then.root / Path(problem.file).relative_to(now.root)
            blocks[problem.file] = _blocks(old), _blocks(Path(problem.file))
        (touched if _touched(*blocks[problem.file], problem.line) else rest).append(problem)
    # To check the old records takes more than a second, and there is seldom a need.
    known = {_key(problem, then.root) for problem in _problems(then)} if rest else set()
    return [*touched, *(problem for problem in rest if _key(problem, now.root) not in known)]


def relative(problem: Problem, root: Path) -> Problem:
    """The problem with paths as seen from the root."""
    file, message = (text.replace(f"{root}{os.sep}", "") for text in (problem.file, problem.message))
    return Problem(file, problem.line, message)


def _problems(state: State, blamed: Collection[Place] = ()) -> list[Problem]:
    """All problems of all records; of two that cannot stand side by side, rather one at a blamed place is named."""
    order = sorted(range(len(state.records)), key=lambda i: state.places[i] in blamed)
    records, places = [state.records[i] for i in order], [state.places[i] for i in order]
    return state.unread + validate(records, places, {problem.file for problem in state.unread})


def _key(problem: Problem, root: Path) -> tuple[str, str]:
    """What is the same in a problem before and after a change that left it alone."""
    same = relative(problem, root)
    return same.file, NUMBER.sub("0", OTHER.sub("", same.message))


def _blocks(file: Path) -> _Blocks:
    """The text of each record by its first line (from 1), and at 1 the file's head: all of it, if it is no YAML."""
    text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
    lines = text.splitlines()
    starts = [1, *record_lines(text), len(lines) + 1]
    return {a: "\n".join(lines[a - 1 : b - 1]).rstrip() for a, b in pairwise(starts)}


def record_lines(text: str) -> Sequence[int]:
    """The lines on which records begin; none in what `builder.source.read` does not take for YAML."""
    if any(len(row) > LINE for row in text.split("\n")):
        return ()
    try:
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        return ()
    pairs = root.value if isinstance(root, MappingNode) else []
    lists = [value for key, value in pairs if key.value in LISTS and isinstance(value, SequenceNode)]
    return sorted(line(item) for value in lists for item in value.value)


def _touched(old: _Blocks, new: _Blocks, at: int) -> bool:
    """Whether the record at the line, or the head of its file, is not as it was."""
    begin = max(start for start in new if start <= at)
    return new[1] != old[1] or new[begin] not in old.values()
