"""What reviewers decide about candidates, and what follows from it: accepted, rejected, in conflict, or still open.

A reviewer first reads blind (label, Focus, naturalness: a `Reading`), then sees the author's proposal and accepts,
edits or rejects it: an `Opinion`. One file per reviewer, append-only. An edit makes a new version, which the others
are asked about in turn; whoever decided on an older version is asked again.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from builder.candidate import Candidate
from builder.jsonl import append, read
from builder.review import Decision, Reading
from eval.errors import InputError
from eval.record import Label

ADJUDICATED = "adjudicated.jsonl"
NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
State = Literal["open", "accepted", "rejected", "conflict"]


class Edit(BaseModel):
    """What a reviewer made of a candidate: its last turn and its annotation, all of it, changed or not."""

    model_config = ConfigDict(extra="forbid")

    prompt: str
    label: Label
    focus: list[str]
    neutral: list[str]
    why: str


class Opinion(Reading):
    """A reading, and the decision about the `version` that was shown; `edited` where the decision is an edit."""

    version: str
    date: str
    edited: Edit | None = None


class Adjudication(BaseModel):
    """The last word on a candidate in conflict: which version stands, or that none does."""

    model_config = ConfigDict(extra="forbid")

    id: str
    by: str
    author_kind: Literal["human", "model"]
    date: str
    decision: Decision
    edit: Edit | None = None
    comment: str = ""


class Opinions(NamedTuple):
    """All opinions by candidate, in the order of their dates, and the last adjudication of each candidate."""

    of: Mapping[str, Sequence[Opinion]]
    adjudicated: Mapping[str, Adjudication]


class Settled(NamedTuple):
    """Where a candidate stands; `candidate` is the version that was accepted, or the one that is asked about."""

    state: State
    candidate: Candidate
    opinions: Sequence[Opinion]


def read_opinions(folder: Path) -> Opinions:
    """The opinions and adjudications in a folder; none where there is no folder yet.

    Raises:
        InputError: a line is no opinion; the message names file, line and field.
    """
    of, adjudicated = defaultdict(list), {}
    for file in sorted(folder.glob("*.jsonl")):
        if file.name == ADJUDICATED:
            adjudicated.update({row.id: row for row in read(file, Adjudication)})
            continue
        for row in read(file, Opinion):
            of[row.id].append(row)
    return Opinions({key: sorted(rows, key=lambda row: row.date) for key, rows in of.items()}, adjudicated)


def add_opinion(folder: Path, opinion: Opinion) -> None:
    """Append to the reviewer's own file; safe beside other reviewers and when killed."""
    append(folder / f"{checked_name(opinion.reader)}.jsonl", [opinion])


def add_adjudication(folder: Path, adjudication: Adjudication) -> None:
    """Append to the adjudications."""
    append(folder / ADJUDICATED, [adjudication])


def checked_name(reviewer: str) -> str:
    """The reviewer's name, which is also a file's; `InputError` if it cannot be one."""
    if not NAME.fullmatch(reviewer) or f"{reviewer}.jsonl" == ADJUDICATED:
        raise InputError(f"{reviewer!r} is no reviewer's name; use a-z, 0-9 and hyphens, like anna or bert-2")
    return reviewer


def applied(candidate: Candidate, edit: Edit) -> Candidate:
    """The candidate as an edit wants it."""
    last = candidate.messages[-1].model_copy(update={"content": edit.prompt})
    rest = edit.model_dump(exclude={"prompt"})
    return candidate.model_copy(update={**rest, "messages": [*candidate.messages[:-1], last]})


def current(candidate: Candidate, opinions: Sequence[Opinion]) -> Candidate:
    """The version that reviewers are asked about: the last edit, or the candidate as it came."""
    edits = [opinion.edited for opinion in opinions if opinion.edited]
    return applied(candidate, edits[-1]) if edits else candidate


def queue(candidates: Sequence[Candidate], opinions: Opinions, reviewer: str) -> list[Candidate]:
    """The versions that the reviewer has not decided on, those first on which the annotators disagree."""
    versions = [current(candidate, opinions.of.get(candidate.id, ())) for candidate in candidates]
    waiting = [
        version
        for candidate, version in zip(candidates, versions, strict=True)
        if _asks(candidate, version, opinions, reviewer)
    ]
    return sorted(waiting, key=lambda candidate: not disagreement(candidate))


def disagreement(candidate: Candidate) -> bool:
    """Whether author and annotators differ on the label or on what is marked as Focus."""
    labels = {candidate.label, *(p.label for p in candidate.proposals if p.label)}
    focuses = [candidate.focus, *(p.focus for p in candidate.proposals)]
    marks = {frozenset(word.casefold() for word in focus) for focus in focuses}
    return len(labels) > 1 or len(marks) > 1


def settle(candidate: Candidate, opinions: Opinions, needed: int) -> Settled:
    """Where the candidate stands with `needed` reviewers or an adjudication."""
    rows = opinions.of.get(candidate.id, ())
    version, last = current(candidate, rows), list(_last(rows).values())
    if final := opinions.adjudicated.get(candidate.id):
        state: State = "rejected" if final.decision == "reject" else "accepted"
        return Settled(state, applied(candidate, final.edit) if final.edit else candidate, last)
    stands = {_stands(row, candidate) for row in last}
    if len(last) < needed or not last:
        return Settled("open", version, last)
    if stands == {None}:
        return Settled("rejected", version, last)
    return Settled("accepted" if stands == {version.version} else "conflict", version, last)


def _asks(candidate: Candidate, version: Candidate, opinions: Opinions, reviewer: str) -> bool:
    """Whether the reviewer has still to decide on the version."""
    if candidate.id in opinions.adjudicated:
        return False
    own = _last(opinions.of.get(candidate.id, ())).get(reviewer)
    return own is None or (own.decision != "reject" and _stands(own, candidate) != version.version)


def _last(rows: Sequence[Opinion]) -> dict[str, Opinion]:
    """The latest opinion of each reviewer."""
    return {row.reader: row for row in rows}


def _stands(opinion: Opinion, candidate: Candidate) -> str | None:
    """The version that the reviewer wants; None for none."""
    if opinion.decision == "reject":
        return None
    return applied(candidate, opinion.edited).version if opinion.edited else opinion.version
