import numpy as np
import pytest

from eval.attribution import Shares
from eval.attribution.ablation import ablation
from eval.attribution.black_box import black_box
from eval.record import Message
from tests.eval.attribution.worked import bag, worked

TEXT = "a b c d e f g h i j k l m n o p"  # 16 words
NAMES = TEXT.split()


def explained(refuses: object, text: str = TEXT, budget: int = 128) -> tuple[dict[str, float], Shares, int]:
    """Shares of the words that have one, all of the answer, and evaluations; `refuses` is of the set of words left."""
    case = worked(bag(lambda left: float(refuses(left)), text), text, budget)  # type: ignore[operator]  # a predicate
    answer = black_box(case)
    shares = {name: float(v) for name, v in zip(text.split(), answer.values, strict=True) if v}
    return shares, answer, case.score.evaluations


@pytest.mark.parametrize("name", NAMES)
def test_a_single_word_among_sixteen(name: str) -> None:
    """Whole, none, at most 4 halves and the word, and its neighbours at once: 8; leave-one-out needs 18."""
    shares, answer, evaluations = explained(lambda left: name in left)
    assert shares == {name: 1.0}
    assert answer.error == 0
    assert evaluations <= 8


@pytest.mark.parametrize(("one", "other"), [("a", "p"), ("c", "d"), ("b", "g"), ("h", "i"), ("m", "o")])
def test_two_words_each_enough_alone_share_equally(one: str, other: str) -> None:
    shares, answer, evaluations = explained(lambda left: one in left or other in left)
    assert shares == {one: 0.5, other: 0.5}
    assert answer.phrases == []
    assert evaluations <= 22


def test_three_words_each_enough_alone() -> None:
    shares, _, evaluations = explained(lambda left: not left.isdisjoint({"b", "h", "n"}))
    assert shares == pytest.approx({"b": 1 / 3, "h": 1 / 3, "n": 1 / 3})
    assert evaluations < 40


@pytest.mark.parametrize("phrase", ["b c", "h i", "o p", "e f g", "i j k l"])
def test_neighbours_that_refuse_only_together_are_a_phrase(phrase: str) -> None:
    words = phrase.split()
    shares, answer, evaluations = explained(lambda left: set(words) <= left)
    assert shares == {word: pytest.approx(1 / len(words)) for word in words}
    assert answer.phrases and [(p.text, p.interaction) for p in answer.phrases] == [(phrase, 1.0)]
    assert evaluations <= 8 + 4 * len(words)


def test_a_phrase_or_a_word() -> None:
    shares, answer, _ = explained(lambda left: {"b", "c"} <= left or "n" in left)
    assert shares == {"b": 0.25, "c": 0.25, "n": 0.5}
    assert answer.phrases and [p.text for p in answer.phrases] == ["b c"]


def test_what_is_not_refused_has_nothing_to_find() -> None:
    shares, answer, evaluations = explained(lambda _: False)
    assert shares == {}
    assert np.isnan(answer.error)
    assert evaluations == 2


def test_what_is_refused_without_words_has_nothing_to_find() -> None:
    assert explained(lambda _: True)[0] == {}


def test_when_the_budget_ends_what_is_left_of_the_search_shares() -> None:
    """Whole, none, and c to d not alone: the first half, then its first half, flip, and that is all one may ask."""
    shares, answer, evaluations = explained(lambda left: "c" in left, budget=4)
    assert shares == {"a": 0.25, "b": 0.25, "c": 0.25, "d": 0.25}
    assert answer.error == 0.75, "all of it may be one word's"
    assert answer.phrases == []
    assert evaluations == 4


def test_nats_of_what_is_not_refused() -> None:
    """Below 0 with all words; the word that adds most is found all the same, and the rest is the error."""
    weights = np.zeros(16)
    weights[[4, 9]] = 5.0, 1.0
    case = worked(lambda kept: kept @ weights - 7, TEXT)
    answer = black_box(case)
    assert answer.values.tolist() == [5.0 if i == 4 else 0.0 for i in range(16)]
    assert answer.error == 1.0


def test_it_agrees_with_leave_one_out_where_one_word_refuses() -> None:
    function = bag(lambda left: 6.0 * ("k" in left) - 2.0, TEXT)
    few, many = worked(function, TEXT), worked(function, TEXT)
    assert black_box(few).values.tolist() == ablation(many).values.tolist()
    assert few.score.evaluations < many.score.evaluations / 2


def test_two_thousand_words() -> None:
    case = worked(lambda kept: 1.0 * kept[:, 1234], " ".join(f"word{i}" for i in range(2000)))
    assert np.flatnonzero(black_box(case).values).tolist() == [1234]
    assert case.score.evaluations <= 2 + 11 + 2


def test_a_phrase_does_not_reach_into_another_turn() -> None:
    turns = [Message(role="user", content="I blow"), Message(role="assistant", content="up"),
             Message(role="user", content="ok")]  # fmt: skip
    case = worked(lambda kept: 1.0 * (kept[:, 1] & kept[:, 2]), turns)
    answer = black_box(case)
    assert answer.values.tolist() == [0.0, 1.0, 0.0, 0.0]
    assert answer.phrases == []


@pytest.mark.parametrize("text", ["kill", "kill it"])
def test_short_prompts(text: str) -> None:
    assert explained(lambda left: "kill" in left, text)[0] == {"kill": 1.0}
