"""What a reviewer's page shows: nothing of the annotation before comparing, and every text as it is."""

import re
from html import unescape
from pathlib import Path

import pytest

from builder.candidate import Candidate
from builder.shipped import RECORDS
from builder.source.read import read_folder
from eval.record import Message, Span
from space_app.review.desk import Desk
from space_app.review.look import page
from space_app.review.sitting import Sitting, choices
from tests.browser.candidates import ALL, BALLOONS, BICYCLE, PIRATE
from tests.space_app.review.desks import HOSTILE, Found, act, compared, desk_in, drawn, other_annotation


@pytest.mark.parametrize("candidate", ALL, ids=lambda candidate: candidate.id)
def test_before_comparing_the_page_is_the_same_whatever_the_annotation_is(candidate: Candidate) -> None:
    blind = Sitting(stage="blind", reviewer="anna", shown=candidate, at=1, total=4)
    assert page(blind) == page(blind.model_copy(update={"shown": other_annotation(candidate)}))


def test_after_comparing_the_annotation_is_there(desk: Desk) -> None:
    html = page(compared(desk, desk.enter(Sitting(), "anna")))
    for text in (
        "Balloons are filled with air.",
        "inflate",
        "reader-8b",
        "+3.50",
        'REFUSED <span aria-hidden="true">✕</span>',
        "+2.75&nbsp;nats",
        "\u22121.50&nbsp;nats",
        "differs",
    ):
        assert text in html


def test_answers_to_an_unsafe_request_stand_behind_a_content_note_unless_refused(tmp_path: Path) -> None:
    for candidate, notes in ((BICYCLE, 1), (BALLOONS, 0)):  # two models were screened, and one of them refused
        (folder := tmp_path / candidate.id).mkdir()
        own = desk_in(folder, [candidate])
        html = page(compared(own, own.enter(Sitting(), "anna")))
        assert html.count("Content note: its answer to an unsafe request") == notes
        assert html.count("<details>") == 2


def test_text_of_strangers_is_escaped_at_every_step(tmp_path: Path) -> None:
    fields = {
        "messages": [*PIRATE.messages[:1], Message(role="assistant", content=HOSTILE),
                     Message(role="user", content=f"He says {HOSTILE} to them")],
        "focus": [HOSTILE], "neutral": [HOSTILE], "why": HOSTILE, "topic": HOSTILE,
        "proposals": [p.model_copy(update=dict.fromkeys(("by", "why"), HOSTILE)) for p in PIRATE.proposals],
        "screenings": [s.model_copy(update=dict.fromkeys(("model", "response"), HOSTILE)) for s in PIRATE.screenings],
    }  # fmt: skip
    desk = desk_in(tmp_path, [PIRATE.model_copy(update=fields)])
    pages = [sitting := desk.enter(Sitting(), "anna")]
    pages.append(sitting := compared(desk, sitting))
    pages.append(desk.step(sitting, act(sitting, do="accept", comment=HOSTILE)))
    pages.append(sitting := desk.step(sitting, act(sitting, do="edit", comment=HOSTILE)))
    pages.append(
        desk.step(sitting, act(sitting, do="save", prompt=HOSTILE, words=[HOSTILE], neutral=[""], why=HOSTILE))
    )
    pages.append(desk.enter(Sitting(), HOSTILE))
    for found in map(Found, map(page, pages)):
        assert not found.tags & {"script", "img", "a"}
        assert not any(name.startswith("on") for name in found.attributes)
        assert HOSTILE in found.text or HOSTILE in found.values


def test_choosable_text_is_the_text_and_every_word_a_button() -> None:
    for record in read_folder(RECORDS)[0]:
        html = drawn("blind", record.messages)
        paragraphs = re.findall(r"<p>(.*?)</p>", html, re.DOTALL)
        assert [unescape(re.sub(r"<[^>]+>", "", text)) for text in paragraphs] == [m.content for m in record.messages]
        words = [unescape(word) for word in re.findall(r"<button[^>]*>(.*?)</button>", html)]
        assert words == [place.text(record.messages) for place in choices(record.messages)]
        shown = drawn("compare", record.messages, record.focus_spans)
        assert [unescape(word) for word in re.findall(r"<mark class='yours'>(.*?)</mark>", shown)] == [
            span.text(record.messages) for span in sorted(record.focus_spans, key=lambda s: (s.turn, s.start))
        ]


def test_marks_that_cross_are_both_shown() -> None:
    html = drawn("compare", BALLOONS.messages, [Span(turn=0, start=9, end=16)], ["up forty"])
    assert re.findall(r"<mark class='(.*?)'>(.*?)</mark>", html) == [
        ("yours", "blow "), ("yours authors", "up"), ("authors", " forty"),
    ]  # fmt: skip
