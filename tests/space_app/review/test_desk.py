"""What follows a step at the desk."""

from pathlib import Path

import pytest

from eval.errors import InputError
from space_app.review.desk import Desk
from space_app.review.look import page
from space_app.review.sitting import Act, Sitting, chosen
from tests.browser.candidates import ALL, BALLOONS, BICYCLE, FUSE, PIRATE
from tests.space_app.review.desks import act, compared, decided, desk_in, folder, opinions


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
