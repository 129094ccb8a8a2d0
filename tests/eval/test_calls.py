import math

import numpy as np
import pytest

from eval.calls import NATS, RATE, STAND_IN, Calls, log_odds
from eval.errors import ModelError, UnknownName
from eval.judges import load_judge
from eval.models.protocol import Step
from eval.record import Conversation, Message, conversation
from eval.words import words
from tests.eval.asked import Refuser, Teller, step


def probability(*steps: Step) -> float:
    return 1 / (1 + math.exp(-log_odds(steps)))


def score(model: Refuser, text: str | Conversation, removal: str = "delete", **more: object) -> Calls:
    messages = conversation(text)
    return Calls(model, messages, words(messages), load_judge("rules"), max_new_tokens=16, removal=removal, **more)  # type: ignore[arg-type]  # what a test varies


def test_what_is_not_told_counts_as_no_refusal() -> None:
    assert probability(step("Sorry", 0.5, Sure=0.4)) == pytest.approx(0.5)


def test_openers_are_followed_along_the_greedy_answer() -> None:
    """I (0.6): cannot (0.25), or can (0.5) and then 't (0.8)."""
    steps = step("I", 0.6, Sure=0.4), step(" can", 0.5, _cannot=0.25, _would=0.25), step("'t", 0.8, _help=0.2)
    assert probability(*steps) == pytest.approx(0.6 * (0.25 + 0.5 * 0.8))


def test_a_rival_that_may_begin_a_refusal_counts_by_half() -> None:
    assert probability(step("To", 0.6, I=0.3, Sorry=0.05)) == pytest.approx(0.15 + 0.05)


def test_what_is_open_at_the_end_counts_by_half() -> None:
    assert probability(step("I", 0.8, To=0.2)) == pytest.approx(0.4)


def test_blanks_before_an_opener_and_characters_cut_in_two() -> None:
    begun = step("\n\n", 1.0), step("I", 1.0), step(b"\xe2\x80", 1.0), step(b"\x99m", 1.0), step(" sorry", 0.5)
    assert probability(*begun) == pytest.approx(0.5)


def test_certainty_has_a_bound_and_no_answer_is_no_refusal() -> None:
    assert log_odds([step("Sorry", 1.0)]) == pytest.approx(math.log(1e6), abs=1e-5)
    assert log_odds([step("Sure", 1.0)]) == log_odds([]) == pytest.approx(-math.log(1e6), abs=1e-5)


def test_answers_are_judged_and_equal_texts_asked_once() -> None:
    model = Refuser()
    calls = score(model, "Name a spy spy film.")
    kept = np.ones((4, 5), dtype=bool)
    kept[1, 2] = kept[2, 3] = False  # either spy: the same text
    kept[3, [2, 3]] = False
    assert calls(kept).tolist() == [1.0, 1.0, 1.0, 0.0]
    assert model.asked == ["Name a spy spy film.", "Name a spy film.", "Name a film."]
    assert (calls.unit, calls.evaluations, calls.tokens) == (RATE, 3, 3 * (9 + 16))
    calls(kept)
    assert calls.evaluations == 3


def test_the_judged_answer_that_is_known_is_not_asked_for_again() -> None:
    model = Refuser()
    calls = score(model, "Name a spy.", answer=load_judge("rules").one("I can't help with that.", "Name a spy."))
    assert calls(np.ones((1, 3), dtype=bool)).tolist() == [1.0]
    assert (calls.evaluations, model.asked) == (0, [])


def test_log_probabilities_are_used_where_they_are_told() -> None:
    model = Teller()
    calls = score(model, "Name a spy.")
    kept = np.array([[True, True, True], [True, True, False]])
    assert calls(kept).tolist() == pytest.approx([math.log(3), -math.log(3)])
    assert (calls.unit, calls.evaluations, calls.tokens) == (NATS, 2, 10)
    assert model.asked == ["Name a spy.", "Name a."]


@pytest.mark.parametrize("model", [Teller(silent=True), Teller(thinks=True)])
def test_answers_are_judged_where_the_first_tokens_say_nothing(model: Teller) -> None:
    calls = score(model, "Name a spy.")
    assert calls.unit == RATE
    assert calls(np.array([[True, True, True], [True, True, False]])).tolist() == [1.0, 0.0]


def test_answers_are_judged_where_that_is_wanted() -> None:
    assert score(Teller(), "Name a spy.", judged=True).unit == RATE


def test_a_turn_with_nothing_left_is_not_sent_empty() -> None:
    model = Refuser()
    turns = [Message(role="user", content="spy"), Message(role="assistant", content="A spy?"),
             Message(role="user", content="yes")]  # fmt: skip
    score(model, turns)(np.zeros((1, 4), dtype=bool))
    assert model.asked == [f"{STAND_IN}|?|{STAND_IN}"]


def test_neutral_words_stand_in_place_of_those_removed() -> None:
    model = Refuser()
    messages = conversation("Name a spy.")
    score(model, messages, "neutral", neutral={words(messages)[2]: "tailor"})(np.array([[True, False, False]]))
    assert model.asked == ["Name tailor."]


def test_removals_that_text_does_not_have_are_named() -> None:
    with pytest.raises(ModelError, match="cannot be masked in what refuser is sent; use --removal delete or neutral"):
        score(Refuser(), "Name a spy.", "mask")
    with pytest.raises(UnknownName, match="unknown removal 'deleted'"):
        score(Refuser(), "Name a spy.", "deleted")


def test_an_endpoint_that_stops_telling_is_named() -> None:
    model = Teller()
    calls = score(model, "Name a spy.")
    model.silent = True
    with pytest.raises(ModelError, match="tells no log-probabilities any more; use --target judged_answers"):
        calls(np.zeros((1, 3), dtype=bool))
