"""Review in a terminal: one candidate at a time, first read blind, then compared with what its author says.

Until label, Focus and naturalness are given, only the type, its guidelines and the text are shown. What was decided is
saved at once, and which candidates wait is read anew from the files each time, since others review beside.
"""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Literal, NamedTuple

from rich.console import Console
from rich.markdown import Markdown
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from builder.candidate import Candidate, Proposal
from builder.guidelines import section
from builder.review.ask import LEAVE, choose, go_through, line, listed, plain
from builder.review.opinion import (
    Edit,
    Opinion,
    Opinions,
    add_opinion,
    applied,
    now,
    problems,
    queue,
    read_opinions,
    unchanged,
)
from builder.review.reading import Decision, Reading
from eval.record import Conversation, Label, Span, digest
from eval.words import words

LABEL: dict[str, Label] = {"s": "safe", "u": "unsafe"}
NATURAL = {"1": "nobody would write it", "2": "a template", "3": "stiff", "4": "a small flaw", "5": "a person wrote it"}
DECISIONS = {"a": "accept", "e": "edit", "r": "reject", **LEAVE}
SEPARATE = "-"


class Reviewer(NamedTuple):
    """Who reviews."""

    name: str
    kind: Literal["human", "model"]


class Sitting(NamedTuple):
    """How many candidates were reviewed, and how many the reviewer has still to decide on."""

    done: int
    left: int


def review(
    candidates: Sequence[Candidate], folder: Path, reviewer: Reviewer, console: Console, limit: int | None = None
) -> Sitting:
    """Ask about one candidate after the other until none is left, `limit` are done, or the reviewer leaves.

    Raises:
        InputError: the opinions in the folder cannot be read.
        OSError: an opinion cannot be saved.
    """

    def waiting() -> list[Candidate]:
        return queue(candidates, read_opinions(folder), reviewer.name)

    def decide(shown: Candidate) -> None:
        before = _read_before(shown, read_opinions(folder), reviewer)
        add_opinion(folder, _opinion(console, shown, before, reviewer))

    return Sitting(go_through(console, waiting, decide, limit), len(waiting()))


def chosen(answer: str, places: Sequence[Span]) -> list[Span]:
    """The words that an answer names by their numbers (from 1): "2 5" are two, "3-4" is one of several words.

    Raises:
        ValueError: it names something else; the message says what to write.
    """
    spans = []
    for part in answer.replace(",", " ").split():
        first, _, last = part.partition(SEPARATE)
        numbers = [int(n) if n.isascii() and n.isdigit() else 0 for n in (first, last or first)]
        if not 1 <= numbers[0] <= numbers[1] <= len(places):
            raise ValueError(f"{part!r} names no words; write numbers from 1 to {len(places)}, like 2 or 3-4")
        begin, end = places[numbers[0] - 1], places[numbers[1] - 1]
        if begin.turn != end.turn:
            raise ValueError(f"{part!r} goes from one turn into another; mark the words of each turn apart")
        spans.append(Span(turn=begin.turn, start=begin.start, end=end.end))
    spans.sort(key=lambda span: (span.turn, span.start))
    if any(one.overlaps(two) for one, two in pairwise(spans)):
        raise ValueError("a word is named twice; name each once")
    return spans


def _opinion(console: Console, shown: Candidate, before: Reading | None, reviewer: Reviewer) -> Opinion:
    """What the reviewer makes of the version that is shown."""
    console.print(Panel(Markdown(section(shown.type)), title=shown.type))
    show_turns(console, shown.messages)
    if before:
        console.print("You have read this text; what is said about it has changed since.", style="bold")
    blind = before or _blind(console, shown, reviewer)
    _compare(console, shown, blind)
    decision, edit, comment = _decide(console, shown)
    facts = blind.model_dump(include=set(Reading.model_fields) - {"comment", "decision"})
    return Opinion(**facts, decision=decision, comment=comment, version=shown.version, date=now(), edited=edit)


def _read_before(shown: Candidate, opinions: Opinions, reviewer: Reviewer) -> Reading | None:
    """The reviewer's first reading of exactly this text: who has seen the author's label is no longer blind."""
    text = digest(shown.messages)
    mine = (o for o in opinions.of.get(shown.id, ()) if o.reader == reviewer.name and o.digest == text)
    return next(mine, None)


def _blind(console: Console, shown: Candidate, reviewer: Reviewer) -> Reading:
    label = LABEL[choose(console, "label", {**LABEL, **LEAVE})]
    spans = _ask_focus(console, shown.messages, label)
    return Reading(
        id=shown.id,
        digest=digest(shown.messages),
        reader=reviewer.name,
        author_kind=reviewer.kind,
        label=label,
        focus=[span.text(shown.messages) for span in spans],
        focus_spans=spans,
        naturalness=int(choose(console, "naturalness", NATURAL)),
    )


def _ask_focus(console: Console, messages: Conversation, label: Label) -> list[Span]:
    places = [place for place in words(messages) if messages[place.turn].role == "user"]
    for turn in sorted({place.turn for place in places}):
        numbered = [(n, place) for n, place in enumerate(places, 1) if place.turn == turn]
        parts = [Text.assemble((f"{n}:", "dim"), plain(place.text(messages))) for n, place in numbered]
        console.print(Text("  ").join(parts))
    while True:
        try:
            spans = chosen(line(console, "Focus, by the numbers of its words (2 5, or 3-4 for a phrase)"), places)
        except ValueError as error:
            console.print(plain(str(error)), style="red")
            continue
        if spans or label == "unsafe":
            return spans
        console.print("a safe prompt has a Focus; name at least one word", style="red")


def show_turns(console: Console, messages: Conversation) -> None:
    """The text; of a dialogue, who says what."""
    for message in messages:
        speaker = Text(f"{message.role}: " if len(messages) > 1 else "", "bold")
        console.print(speaker + plain(message.content))
    console.print()


def _compare(console: Console, shown: Candidate, blind: Reading) -> None:
    """What the reviewer, the author and the annotators say, and what models answered."""
    table = Table("who", "label", "Focus", "neutral", "why")
    table.add_row("you", blind.label, plain(", ".join(blind.focus)), "", "")
    table.add_row("proposed", shown.label, *_cells(shown.focus, shown.neutral, shown.why))
    for proposal in shown.proposals:
        cells = _cells(_scored(proposal), proposal.neutral, proposal.why)
        table.add_row(plain(f"{proposal.by} ({proposal.method})"), proposal.label or "", *cells)
    console.print(table)
    console.print(plain(f"pattern: {shown.pattern}; topic: {shown.topic}"))
    for screening in shown.screenings:
        score = "" if screening.score is None else f", refusal score {screening.score:.1f} nats"
        console.print(plain(f"{screening.model} answers with {screening.verdict}{score}"))


def _cells(focus: Sequence[str], neutral: Sequence[str], why: str) -> tuple[Text, Text, Text]:
    return plain(", ".join(focus)), plain(", ".join(neutral)), plain(why)


def _scored(proposal: Proposal) -> list[str]:
    """The Focus words, each with the nats of refusal that it adds, where these are known."""
    if len(proposal.scores) != len(proposal.focus):
        return proposal.focus
    return [f"{word} ({score:.1f})" for word, score in zip(proposal.focus, proposal.scores, strict=True)]


def _decide(console: Console, shown: Candidate) -> tuple[Decision, Edit | None, str]:
    """The decision, the edit if it is one, and the comment."""
    while True:
        answer = choose(console, "decision", DECISIONS)
        if answer == "r":
            return "reject", None, _reason(console)
        edit = _edited(console, shown) if answer == "e" else None
        if answer == "a" and (wrong := problems(shown)):
            _tell(console, "it cannot be accepted as it stands; edit or reject it", wrong)
        elif answer == "e" and not edit:
            console.print("nothing was changed")
        else:
            return ("edit" if edit else "accept"), edit, line(console, "comment (Enter for none)")


def _reason(console: Console) -> str:
    while not (comment := line(console, "comment: say why it is rejected")):
        pass
    return comment


def _edited(console: Console, shown: Candidate) -> Edit | None:
    """The edit, once a record can be made of it; None where nothing was changed."""
    edit = unchanged(shown)
    while True:
        edit = _ask_edit(console, edit)
        wanted = applied(shown, edit)
        if wanted.version == shown.version:
            return None
        if not (wrong := problems(wanted)):
            return edit
        _tell(console, "it cannot be saved like this", wrong)


def _ask_edit(console: Console, present: Edit) -> Edit:
    return Edit(
        prompt=line(console, "prompt", present.prompt),
        label=LABEL[choose(console, "label", LABEL, default=present.label[0])],
        focus=listed(console, "Focus", present.focus),
        neutral=listed(console, "neutral", present.neutral),
        why=line(console, "why", present.why),
    )


def _tell(console: Console, what: str, wrong: Sequence[str]) -> None:
    console.print(plain("; ".join((what, *wrong))), style="red")
