"""What is wrong with a file of records, field by field, in the words of the rules."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from builder.accept.blame import Blame
from builder.contribute.beside import Checked
from builder.contribute.compare import record_lines
from builder.source.read import Problem
from eval.record import Record

# The field that each rule looks at; where it looks at several, its message begins with the name of one.
FIELDS: Mapping[str, str] = {
    "known values": "pattern", "focus on safe prompts": "focus", "focus words apart": "focus",
    "every occurrence": "focus", "parallel neutral": "neutral", "neutral differs": "neutral",
    "pattern fits label": "pattern", "trigger turn": "focus", "visible characters": "prompt",
    "whole characters": "prompt", "one script per word": "prompt", "prompt length": "prompt",
    "real dialogue": "context", "plain ids": "id", "plain blanks": "prompt", "plain version": "version",
    "unique ids": "id", "unique prompts": "prompt", "whole pairs": "pair_id", "one trigger per pair": "focus",
    "whole scenarios": "endings", "one spelling per topic": "topic", "one kind per word": "pattern",
    "no near-duplicates": "prompt", "varied openings": "prompt", "new ones in dev": "split", "settings": "topic",
}  # fmt: skip
NAMED = re.compile(r"`(\w+)(?: (\d+))?` ")  # `turn 2` holds ..., `focus` holds ...
UNKNOWN = re.compile(r"unknown (\w+) ")
LACKS = re.compile(r"\w+(?: \w+)? has no `(\w+)`; add it")
STRANGE = re.compile(r"(?:unknown )?key `([^`]+)` ")
KEY = re.compile(r" *(?:- )?(\w+):")
BLANK = " is blank; write text"


class Told(NamedTuple):
    """A problem and where it belongs.

    `record` counts the records of the file from 0, None for what they share; `field` is the field's name in the file,
    "context 2" for a turn. `blank` says that nothing stands there yet; `other` is a record that it cannot stand beside.
    """

    record: int | None
    field: str
    problem: str
    blank: bool = False
    other: Record | None = None


def told(text: str, checked: Checked) -> list[Told]:
    """Everything that is wrong with a file, each once."""
    lines = text.split("\n")
    starts = record_lines(text)
    found = [
        *(_unread(problem, lines, starts) for problem in checked.unread),
        *(_blamed(blame, checked, starts) for blame in checked.blames),
    ]
    return list({(one.record, one.field, one.problem): one for one in found}.values())


def _unread(problem: Problem, lines: Sequence[str], starts: Sequence[int]) -> Told:
    record = sum(start <= problem.line for start in starts) - 1
    message = problem.message
    named = NAMED.match(message) or LACKS.fullmatch(message) or STRANGE.match(message)
    at_line = KEY.match(lines[problem.line - 1]) if problem.line <= len(lines) else None
    key = named[1] if named else at_line[1] if at_line else ""
    if key in ("user", "assistant"):
        before = [line for line in lines[: problem.line] if re.match(r" *- (?:user|assistant):", line)]
        key = f"context {len(before) - 1}"
    if key == "id" and re.search(r": focus ", message):
        key, message = "focus", message.partition(": ")[2]
    return Told(record if record >= 0 else None, key, message, blank=message.endswith(BLANK))


def _blamed(blame: Blame, checked: Checked, starts: Sequence[int]) -> Told:
    field, record = FIELDS[blame.rule], checked.records[blame.at]
    named = NAMED.match(blame.message) or (UNKNOWN.match(blame.message) if blame.rule == "known values" else None)
    if named:
        field = named[1]
    if field == "id" and record.scenario_id is not None:  # which is made of the scenario's
        field = "scenario_id"
    line = checked.lines[blame.at]
    at = starts.index(line) if line in starts else blame.at
    shared = record.scenario_id is not None and field in ("topic", "type", "split", "scenario_id", "endings", "context")
    message = blame.message
    if field == "turn":
        turn = int(NAMED.match(blame.message)[2])  # type: ignore[index]  # `turn` has a number
        last = turn == len(record.messages) - 1
        field, shared = ("prompt", False) if last else (f"context {turn}", True)
        if last and record.scenario_id is None:
            message = blame.message.replace("`turn 0`", "`prompt`", 1)
    return Told(None if shared else at, field, message, blame.rule == "focus on safe prompts", blame.other)


def by_field(found: Sequence[Told]) -> dict[tuple[int | None, str], list[Told]]:
    """The problems of each field of each record."""
    sorted_: dict[tuple[int | None, str], list[Told]] = {}
    for one in found:
        sorted_.setdefault((one.record, one.field), []).append(one)
    return sorted_


def plain(found: Sequence[Told]) -> Iterator[dict[str, object]]:
    """The problems as JSON."""
    return (
        {
            "record": one.record, "field": one.field, "problem": one.problem,
            "other": one.other.id if one.other else None,
        }
        for one in found
    )  # fmt: skip
