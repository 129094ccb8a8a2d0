"""Adjudication in a terminal: of a candidate on which reviewers do not agree, one version stands, or none does.

What was decided is saved at once. Nothing here is blind: all versions, names and comments are shown.
"""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from builder.candidate import Candidate
from builder.review.ask import LEAVE, choose, go_through, line, plain
from builder.review.opinion import (
    Adjudication,
    Opinion,
    Opinions,
    add_adjudication,
    last_ones,
    now,
    problems,
    queue,
    read_opinions,
    settle,
    unchanged,
    versions,
    wanted,
)
from builder.review.terminal import Reviewer, Sitting, show_turns

REJECT = {"r": "reject"}


def adjudicate(
    candidates: Sequence[Candidate], folder: Path, reviewer: Reviewer, console: Console, needed: int
) -> Sitting:
    """Ask about one candidate in conflict after the other, until none is left or the adjudicator leaves.

    Raises:
        InputError: the opinions in the folder cannot be read.
        OSError: a decision cannot be saved.
    """

    def waiting() -> list[Candidate]:
        return in_conflict(candidates, read_opinions(folder), needed)

    def decide(candidate: Candidate) -> None:
        add_adjudication(folder, _decision(console, candidate, read_opinions(folder), reviewer))

    return Sitting(go_through(console, waiting, decide), len(waiting()))


def in_conflict(candidates: Sequence[Candidate], opinions: Opinions, needed: int) -> list[Candidate]:
    """The candidates, as they came, on which reviewers do not agree."""
    return [candidate for candidate in candidates if settle(candidate, opinions, needed).state == "conflict"]


def _decision(console: Console, candidate: Candidate, opinions: Opinions, reviewer: Reviewer) -> Adjudication:
    rows = last_ones(opinions.of[candidate.id])
    found = versions(candidate, opinions.of[candidate.id])
    if reviewer.name in {row.reader for row in rows}:
        console.print(f"{reviewer.name} is one of those who disagree; better let somebody else decide", style="yellow")
    show_turns(console, candidate.messages[:-1])
    console.print(_side_by_side(candidate, found, rows))
    for row in rows:
        said = f": {row.comment}" if row.comment else ""
        asked = " (is still to be asked about the last version)" if queue([candidate], opinions, row.reader) else ""
        console.print(plain(f"{row.reader} ({row.author_kind}) decided: {row.decision}{said}{asked}"))
    stands = _choose(console, found)
    edited = stands is not None and stands.version != candidate.version
    return Adjudication(
        id=candidate.id,
        by=reviewer.name,
        author_kind=reviewer.kind,
        date=now(),
        decision="reject" if stands is None else "edit" if edited else "accept",
        edit=unchanged(stands) if stands and edited else None,
        comment=line(console, "comment (Enter for none)"),
    )


def _choose(console: Console, found: Sequence[Candidate]) -> Candidate | None:
    """The version that stands; None for none."""
    numbers = {str(number): f"version {number}" for number in range(1, len(found) + 1)}
    while (answer := choose(console, "which stands", {**numbers, **REJECT, **LEAVE})) not in REJECT:
        stands = found[int(answer) - 1]
        if not (wrong := problems(stands)):
            return stands
        console.print(plain(f"version {answer} cannot become a record: {'; '.join(wrong)}"), style="red")
    return None


def _side_by_side(candidate: Candidate, found: Sequence[Candidate], rows: Sequence[Opinion]) -> Table:
    """A column for each version, with who wants it; a last line for those who want none."""
    table = Table("", *(f"version {number}" for number in range(1, len(found) + 1)))
    table.add_row("prompt", *(plain(version.prompt) for version in found))
    table.add_row("label", *(version.label for version in found))
    table.add_row("Focus", *(plain(", ".join(version.focus)) for version in found))
    table.add_row("neutral", *(plain(", ".join(version.neutral)) for version in found))
    table.add_row("why", *(plain(version.why) for version in found))
    wishes = [(row.reader, wanted(row, candidate)) for row in rows]
    table.add_row(
        "wanted by", *(Text(", ".join(name for name, wish in wishes if wish == version.version)) for version in found)
    )
    table.caption = f"rejected by: {', '.join(name for name, wish in wishes if wish is None) or 'nobody'}"
    return table
