"""The review tab without a browser: what is shown at each step, what is saved, what is refused."""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from builder.candidate import Candidate
from builder.review.opinion import Opinion
from builder.review.reading import Reading
from builder.shipped import RECORDS
from builder.source.read import read_folder
from eval.errors import InputError
from eval.jsonl import read
from eval.record import Conversation, Message, Span
from space_app.review.desk import Desk, read_candidates
from space_app.review.look import page
from space_app.review.sitting import Act, Sitting, Stage, choices, chosen
from space_app.review.store import Folder
from tests.browser.candidates import ALL, BALLOONS, BICYCLE, FUSE, PIRATE
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


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_in(tmp_path, ALL)


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


def test_chosen_words_are_spans_in_the_text_s_order() -> None:
    spans = chosen(PIRATE.messages, [[18], [7, 8], [0]])
    assert [span.text(PIRATE.messages) for span in spans] == ["We", "clumsy pirate", "threaten"]
    assert [span.turn for span in spans] == [0, 0, 2]


@pytest.mark.parametrize("groups", [[[]], [[-1]], [[99]], [[1, 3]], [[2, 1]], [[1], [1]], [[14, 15]]])
def test_what_no_button_sends_is_no_focus(groups: list[list[int]]) -> None:
    with pytest.raises(InputError):
        chosen(PIRATE.messages, groups)


def test_two_reviewers_at_once_keep_their_own_places(desk: Desk) -> None:
    anna, bert = desk.enter(Sitting(), "anna"), desk.enter(Sitting(), "bert")
    anna = decided(desk, anna)
    bert = decided(desk, bert, "reject", "stiff")
    assert (anna.shown, bert.shown) == (FUSE, FUSE)
    assert [o.decision for o in opinions(desk, "anna")] == ["accept"]
    assert [(o.decision, o.comment) for o in opinions(desk, "bert")] == [("reject", "stiff")]


def test_a_second_click_on_the_same_page_does_nothing(desk: Desk) -> None:
    sitting = compared(desk, desk.enter(Sitting(), "anna"))
    click = act(sitting, do="accept")
    after = desk.step(sitting, click)
    assert desk.step(after, click) is after
    assert len(opinions(desk, "anna")) == 1


def test_no_step_is_skipped(desk: Desk) -> None:
    blind = desk.enter(Sitting(), "anna")
    for do in ("accept", "reject", "edit", "save"):
        with pytest.raises(InputError, match="no step here"):
            desk.step(blind, act(blind, do=do, comment="because"))
    assert not folder(desk).exists()


def edited(desk: Desk, name: str, prompt: str, neutral: str) -> None:
    """An edit of the first candidate by another reviewer."""
    sitting = compared(desk, desk.enter(Sitting(), name))
    sitting = desk.step(sitting, act(sitting, do="edit"))
    change = {"prompt": prompt, "words": ["blow up", ""], "neutral": [neutral, ""], "why": "They are filled with air."}
    assert desk.step(sitting, act(sitting, do="save", **change)).note == "Edit saved."


def test_an_edit_by_another_reviewer_comes_back(desk: Desk) -> None:
    anna = desk.enter(Sitting(), "anna")
    for _ in ALL:
        anna = decided(desk, anna)
    assert anna.stage == "end" and anna.tally == {"accept": 4}
    assert "4 of 4: 4 accepted, 0 edited, 0 rejected" in page(anna)

    edited(desk, "bert", f"Please: {BALLOONS.prompt}", "fill")
    anna = desk.step(anna, act(anna, do="again"))
    assert anna.stage == "blind" and anna.candidate.neutral == ["fill"] and (anna.at, anna.total) == (4, 4)


def test_the_blind_reading_of_a_text_holds_when_only_its_annotation_is_edited(desk: Desk) -> None:
    anna = decided(desk, desk.enter(Sitting(), "anna"))
    edited(desk, "bert", BALLOONS.prompt, "fill")
    anna = desk.enter(Sitting(), "anna")
    assert anna.stage == "compare" and "what is said about it has changed" in page(anna)
    desk.step(anna, act(anna, do="accept"))
    first, second = opinions(desk, "anna")
    assert first.version == BALLOONS.version != second.version
    assert (first.label, first.focus_spans, first.naturalness) == (second.label, second.focus_spans, second.naturalness)


def test_a_server_that_was_started_anew_knows_the_reviewer_by_the_page(desk: Desk) -> None:
    after = desk.step(Sitting(), Act(do="compare", serial=7, name="anna", label="safe", naturalness=3))
    assert (after.reviewer, after.stage, after.shown) == ("anna", "blind", BALLOONS)


def test_the_blind_reading_of_a_version_is_made_once(desk: Desk) -> None:
    compared(desk, desk.enter(Sitting(), "anna"))
    again = desk.enter(Sitting(), "anna")
    assert again.stage == "compare" and again.reading is not None and again.reading.naturalness == 3
    assert desk.enter(Sitting(), "bert").stage == "blind"


def test_what_breaks_a_rule_cannot_be_accepted(tmp_path: Path) -> None:
    broken = BICYCLE.model_copy(update={"neutral": ["steal quietly"]})
    desk = desk_in(tmp_path, [broken])
    sitting = decided(desk, desk.enter(Sitting(), "anna"))
    assert sitting.stage == "compare" and "neutral 'steal quietly' holds the focus word" in " ".join(sitting.problems)
    assert not folder(desk).exists()


CHILD = """
import json, sys
from pathlib import Path
from space_app.page import build
from space_app.settings import ReviewSettings, Settings
file, folder = map(Path, sys.argv[1:])
settings = Settings(review=ReviewSettings(candidates=file, reviews=folder))
page = build(settings, "review")
tabs = [one["props"]["label"] for one in page.config["components"] if one["type"] == "tabitem"]
print(json.dumps(["torch" in sys.modules, tabs]))
"""


def test_review_alone_loads_no_torch(tmp_path: Path) -> None:
    child = [sys.executable, "-c", CHILD, str(write(tmp_path / "candidates.jsonl", ALL)), str(tmp_path / "reviews")]
    done = subprocess.run(child, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [False, ["Review"]]


COMMANDS = """
import json, sys
from space_app.cli import main
for arguments in json.loads(sys.argv[1]):
    sys.argv = ["xsb-space", *arguments]
    try:
        main()
    except SystemExit as stopped:
        print(stopped.code)
"""


def test_what_cannot_be_served_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "broken.jsonl").write_text("{}\n")
    (tmp_path / "empty.jsonl").touch()
    (tmp_path / "reviews").mkdir()
    (tmp_path / "reviews" / "anna.jsonl").write_text('{"id": 1}\n')
    good = write(tmp_path / "candidates.jsonl", ALL)
    cases = {
        (
            "--only",
            "reviews",
        ): "unknown tab 'reviews'. Did you mean review? Known: contribute, explore, results, review, try.",
        ("--only", "review"): "needs both --candidates FILE.jsonl and --reviews FOLDER",
        ("--candidates", good): "needs both",
        ("--candidates", tmp_path / "absent.jsonl", "--reviews", tmp_path): "absent.jsonl is no file; give",
        ("--candidates", tmp_path / "broken.jsonl", "--reviews", tmp_path): "broken.jsonl:1: id: Field required",
        ("--candidates", tmp_path / "empty.jsonl", "--reviews", tmp_path): "holds no candidates",
        ("--only", "review", "--candidates", good, "--reviews", good): "is a file; give a folder",
        ("--only", "review", "--candidates", good, "--reviews", tmp_path / "reviews"): "anna.jsonl:1: id: ",
    }
    arguments = json.dumps([[str(part) for part in case] for case in cases])
    done = subprocess.run([sys.executable, "-c", COMMANDS, arguments], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2"] * len(cases)
    lines = done.stderr.splitlines()
    assert len(lines) == len(cases)
    for line, message in zip(lines, cases.values(), strict=True):
        assert line.startswith("error: ") and message in line
