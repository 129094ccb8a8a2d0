import numpy as np
import pytest

from eval.attribution.ablation import ablation
from eval.attribution.phrases import phrases
from tests.eval.attribution.worked import bag, worked

TEXT = "May I blow up the balloons now"


def found(function: object, text: str = TEXT) -> list[tuple[str, float]]:
    case = worked(bag(function, text), text)  # type: ignore[arg-type]  # a function of a set of words
    return [(phrase.text, phrase.interaction) for phrase in phrases(case, ablation(case).values)]


def test_words_that_refuse_only_together_are_one_phrase() -> None:
    assert found(lambda left: 3.0 * ({"blow", "up"} <= left)) == [("blow up", 3.0)]


def test_three_words_are_one_phrase() -> None:
    assert found(lambda left: 2.0 * ({"blow", "up", "the"} <= left)) == [("blow up the", 2.0)]


def test_a_word_that_is_enough_alone_is_no_phrase() -> None:
    assert found(lambda left: 3.0 * ("blow" in left)) == []


def test_words_that_add_up_are_no_phrase() -> None:
    assert found(lambda left: 3.0 * ("blow" in left) + 2.0 * ("up" in left)) == []


def test_a_neighbour_that_is_not_needed_is_no_part() -> None:
    """A third of the effect hangs on "up": an interaction, but "blow" does without it."""
    assert found(lambda left: 3.0 * ("blow" in left) + 1.5 * ({"blow", "up"} <= left)) == []


def test_what_hardly_matters_is_no_phrase() -> None:
    """Where other words refuse too, a pair that is worth little stays two words."""
    assert found(lambda left: 9.0 * (len(left) > 3) + 1.0 * ({"blow", "up"} <= left)) == []


def test_two_words_apart_are_no_phrase() -> None:
    assert found(lambda left: 3.0 * ({"blow", "balloons"} <= left)) == []


def test_a_phrase_does_not_reach_into_the_next_turn() -> None:
    from eval.record import Message

    messages = [
        Message(role="user", content="I blow"),
        Message(role="assistant", content="up"),
        Message(role="user", content="ok"),
    ]
    case = worked(lambda kept: 3.0 * (kept[:, 1] & kept[:, 2]), messages)
    assert phrases(case, np.array([0.0, 3.0, 3.0, 0.0])) == []


@pytest.mark.parametrize("text", ["kill", "kill it"])
def test_short_prompts(text: str) -> None:
    case = worked(lambda kept: 3.0 * kept[:, 0], text)
    assert phrases(case, ablation(case).values) == []
