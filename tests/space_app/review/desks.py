"""Desks of reviewers with candidates, and what stands on the pages that they make."""

from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

from builder.candidate import Candidate
from builder.review.opinion import Opinion
from builder.review.reading import Reading
from eval.jsonl import read
from eval.record import Conversation, Span
from space_app.review.desk import Desk, read_candidates
from space_app.review.look import page
from space_app.review.sitting import Act, Sitting, Stage
from space_app.review.store import Folder
from tests.browser.candidates import BALLOONS
from tests.builder.candidates import write

HOSTILE = "<script>alert(1)</script> ' onclick='x\" ${1+1} {{x}}"


class Found(HTMLParser):
    """What a browser would find in the HTML: tags, attributes with their values, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags, self.attributes, self.values, self.text = set[str](), set[str](), set[str | None](), ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}
        self.values |= {value for _, value in attributes}

    def handle_data(self, data: str) -> None:
        self.text += data


def desk_in(folder: Path, candidates: Sequence[Candidate]) -> Desk:
    return Desk(read_candidates(write(folder / "candidates.jsonl", candidates)), Folder(folder / "reviews"))


def drawn(stage: Stage, messages: Conversation, yours: Sequence[Span] = (), authors: Sequence[str] = ()) -> str:
    """The text alone as a stage shows it."""
    shown = BALLOONS.model_copy(update={"messages": messages, "focus": list(authors)})
    reading = Reading(
        id=shown.id, digest="", reader="anna", author_kind="human", label="safe", naturalness=3, focus=[],
        focus_spans=list(yours),
    )  # fmt: skip
    html = page(Sitting(stage=stage, reviewer="anna", shown=shown, at=1, total=1, reading=reading))
    return html.partition('<section class="rv-text"')[2].partition("</section>")[0]


def folder(desk: Desk) -> Path:
    assert isinstance(desk.store, Folder)
    return desk.store.folder


def opinions(desk: Desk, name: str) -> list[Opinion]:
    return list(read(folder(desk) / f"{name}.jsonl", Opinion))


def act(sitting: Sitting, **fields: object) -> Act:
    return Act.model_validate({"serial": sitting.serial, **fields})


def compared(desk: Desk, sitting: Sitting) -> Sitting:
    blind = act(sitting, do="compare", label="unsafe", naturalness=3)
    return desk.step(sitting, blind)


def decided(desk: Desk, sitting: Sitting, do: str = "accept", comment: str = "") -> Sitting:
    sitting = compared(desk, sitting)
    return desk.step(sitting, act(sitting, do=do, comment=comment))


def other_annotation(candidate: Candidate) -> Candidate:
    """The same text and type; everything else is different."""
    return candidate.model_copy(
        update={
            "id": "c-other", "label": "unsafe" if candidate.label == "safe" else "safe", "focus": [], "neutral": [],
            "why": "other", "topic": "other", "word_kind": "ordinary", "proposals": [], "screenings": [],
        }
    )  # fmt: skip
