"""Commands on candidates under review: review them, settle conflicts, make records of those that were accepted."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from builder.accept.joining import Outcome
from builder.accept.joining import accept as write_records
from builder.candidate import Candidate
from builder.commands.files import SCREENED
from builder.commands.tables import make_table, print_table
from builder.review.adjudicate import adjudicate as ask_adjudicator
from builder.review.opinion import checked_name, read_opinions, said
from builder.review.reading import reviews_beside
from builder.review.terminal import Reviewer
from builder.review.terminal import review as ask_reviewer
from builder.rules.text import VERSION
from eval.errors import InputError
from eval.jsonl import read
from eval.progress import working
from eval.visible import visible

OPINIONS = Path("reviews")
Source = Annotated[Path, typer.Argument(metavar="CANDIDATES", help="Candidates, JSON Lines.")]
Opinions = Annotated[Path, typer.Option("--reviews", help="Folder of the reviewers' files, one for each.")]
Name = Annotated[str, typer.Option("--reviewer", help="Your name: a-z, 0-9 and hyphens.")]
Kind = Annotated[Literal["human", "model"], typer.Option("--author-kind", help="What you are.")]
Needed = Annotated[int, typer.Option("--reviewers", min=1, help="Reviewers that a candidate needs.")]


def review(
    reviewer: Name,
    candidates: Source = SCREENED,
    reviews: Opinions = OPINIONS,
    author_kind: Kind = "human",
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after so many.")] = None,
) -> None:
    """Review candidates in the terminal: read each blind, then accept, edit or reject it. Ctrl-C ends; all is saved."""
    who = Reviewer(checked_name(reviewer), author_kind)
    sitting = ask_reviewer(read_candidates(candidates), reviews, who, Console(), limit)
    print(f"{sitting.done} reviewed, {sitting.left} left")


def adjudicate(
    reviewer: Name, candidates: Source = SCREENED, reviews: Opinions = OPINIONS, author_kind: Kind = "human",
    reviewers: Needed = 2,
) -> None:  # fmt: skip
    """Settle the candidates on which reviewers do not agree: which version stands? Ctrl-C ends, all is saved."""
    who = Reviewer(checked_name(reviewer), author_kind)
    sitting = ask_adjudicator(read_candidates(candidates), reviews, who, Console(), reviewers)
    print(f"{sitting.done} settled, {sitting.left} left in conflict")


def accept(
    records_folder: Annotated[Path, typer.Option("--records", help="Folder of the records.")],
    candidates: Source = SCREENED,
    reviews: Opinions = OPINIONS,
    reviewers: Needed = 2,
    version: Annotated[str, typer.Option(help="Of the new records.", show_default="the next minor one")] = "",
    shipped_reviews: Annotated[
        Path | None, typer.Option(help="Folder of the records' readings.", show_default="reviews, beside the records")
    ] = None,
) -> None:
    """Make records of the candidates that are accepted; running it again goes on and writes nothing twice."""
    shelf = shipped_reviews or reviews_beside(records_folder)
    if shelf.resolve() == reviews.resolve():
        raise InputError(f"{reviews} holds reviews of candidates; those of records need a folder: --shipped-reviews")
    if version and not VERSION.fullmatch(version):
        raise InputError(f"--version is {version!r}; write three numbers, like 0.2.0")
    rows = read_candidates(candidates)
    with working("adding to the records"):
        outcome = write_records(rows, read_opinions(reviews), records_folder, shelf, reviewers, version)
    _tell(outcome, shelf)


def read_candidates(file: Path) -> list[Candidate]:
    """The candidates of a file, each once.

    Raises:
        InputError: there are none, or a line is none.
    """
    found = {candidate.id: candidate for candidate in read(file, Candidate)}
    if not found:
        raise InputError(f"{file} holds no candidates; give a file that xsb-build screen wrote")
    return list(found.values())


def _tell(outcome: Outcome, shelf: Path) -> None:
    states = [case.settled.state for case in outcome.waiting]
    counts = {
        "accepted, written": len(outcome.written),
        "accepted before": len(outcome.before),
        "accepted, but a rule is broken": len(outcome.broken),
        "scenarios that lack endings": len(outcome.incomplete),
        **{state: states.count(state) for state in ("open", "conflict", "rejected")},
    }
    table = make_table("candidates", ["state"], ["number"])
    for state, number in counts.items():
        table.add_row(state, str(number))
    print_table(table)
    lines = [f"{name}: written as {record}" for name, record in outcome.written.items()]
    lines += [f"{name}: not written: {wrong}" for name, messages in outcome.broken.items() for wrong in messages]
    lines += [f"{name}: not written: {lack}" for name, lack in outcome.incomplete.items()]
    for case in outcome.waiting:
        if case.settled.state != "open":
            lines.append(f"{case.candidate.id}: {case.settled.state}: {said(case.opinions, case.final)}")
    print(visible("\n".join([*lines, f"{outcome.readings} readings added to {shelf}"]), keep="\n"))
