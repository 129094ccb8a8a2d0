"""The hybrid: what the direction proposes is decided by removing it."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from eval.attribution import Case
from eval.attribution.hierarchy import GroupedScore, in_turns, shapley
from eval.attribution.hybrid import PROPOSED, WEIGHT, hybrid
from eval.record import Message
from eval.target import Array
from tests.eval.attribution.worked import bag, worked

TEXT = "May I blow up the red balloons or kill them now"


def exact(function: object, players: int) -> list[float]:
    case = worked(function, " ".join(f"w{i}" for i in range(players)))  # type: ignore[arg-type]
    return shapley(GroupedScore(case.score, [[i] for i in range(players)], players), players).tolist()


def test_worked_shapley_values() -> None:
    """Added up, each its own; either of two enough, half each; both needed, half each; the glove game."""
    assert exact(lambda kept: kept @ np.array([2.0, 0.0, -1.0]), 3) == pytest.approx([2, 0, -1])
    assert exact(lambda kept: kept[:, :2].max(axis=1), 3) == pytest.approx([0.5, 0.5, 0])
    assert exact(lambda kept: kept[:, :2].min(axis=1), 3) == pytest.approx([0.5, 0.5, 0])
    assert exact(lambda kept: kept[:, 0] * kept[:, 1:].max(axis=1), 3) == pytest.approx([2 / 3, 1 / 6, 1 / 6])
    assert exact(lambda kept: 4.0 * kept[:, 0], 1) == [4.0]


def pointing(monkeypatch: pytest.MonkeyPatch, hides: str = "", **nats: float) -> None:
    """Let the direction give these words these shares, others none; `hides` is one beside which only `red` has any."""

    def along(case: Case) -> tuple[Array, int]:
        texts = [feature.text(case.messages) for feature in case.features]
        seen = {hides: nats[hides], "red": nats.get("red", 0.0)} if hides in texts else nats
        return np.array([seen.get(text, 0.0) for text in texts]), 1

    monkeypatch.setattr(sys.modules[hybrid.__module__], "along", along)


def ranked(case: Case) -> list[str]:
    order = np.argsort(-hybrid(case).values, kind="stable")
    return [case.features[i].text(case.messages) for i in order]


def test_words_that_hide_one_another_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    pointing(monkeypatch, blow=1.0, kill=1.2, red=0.1)
    case = worked(bag(lambda left: 5.0 * bool({"blow", "kill"} & left), TEXT), TEXT)
    assert set(ranked(case)[:2]) == {"blow", "kill"}


def test_a_word_that_the_first_one_hides_comes_to_light_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    pointing(monkeypatch, "blow", blow=1.0, kill=0.8, red=0.3)
    case = worked(bag(lambda left: 5.0 * bool({"blow", "kill"} & left), TEXT), TEXT)
    assert set(ranked(case)[:2]) == {"blow", "kill"}


def test_removing_overrules_a_direction_that_points_at_a_decoy(monkeypatch: pytest.MonkeyPatch) -> None:
    pointing(monkeypatch, red=2.0, kill=1.5)
    case = worked(bag(lambda left: 5.0 * ("kill" in left), TEXT), TEXT)
    assert ranked(case)[0] == "kill"


def test_the_direction_decides_where_removing_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    pointing(monkeypatch, kill=1.5, now=0.2)
    assert ranked(worked(lambda kept: np.full(len(kept), 3.0), TEXT))[0] == "kill"


def test_a_phrase_whose_other_word_the_direction_misses(monkeypatch: pytest.MonkeyPatch) -> None:
    pointing(monkeypatch, up=1.0, red=0.2, now=0.1)
    case = worked(bag(lambda left: 4.0 * ({"blow", "up"} <= left), TEXT), TEXT)
    assert ranked(case)[:2] == ["up", "blow"]


def test_shares_cost_and_error(monkeypatch: pytest.MonkeyPatch) -> None:
    pointing(monkeypatch, kill=2.0)
    case = worked(bag(lambda left: 5.0 * ("kill" in left) + 1.0 * ("now" in left), TEXT), TEXT)
    found = hybrid(case)
    kill = TEXT.split().index("kill")
    assert found.values[kill] == pytest.approx(5.0 + WEIGHT * 2.0)
    assert found.error == pytest.approx(1.0), "what the word that was not proposed adds"
    assert found.passes == 2
    assert case.score.evaluations <= 2 ** (PROPOSED + 3) + 2


@pytest.mark.parametrize("text", ["kill", "kill it"])
def test_short_prompts(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pointing(monkeypatch, kill=1.0)
    case = worked(lambda kept: 3.0 * kept[:, 0], text)
    assert hybrid(replace(case, budget=8)).values[0] == pytest.approx(3.0 + WEIGHT)


def test_a_long_dialogue_is_looked_at_without_the_turns_that_are_not_to_blame(monkeypatch: pytest.MonkeyPatch) -> None:
    pointing(monkeypatch, kill=2.0, it=0.5)
    messages = [Message(role="user", content="a long way home " * 20), Message(role="assistant", content="so " * 60),
                Message(role="user", content="kill it")]  # fmt: skip
    asked: list[np.ndarray] = []

    def score(kept: np.ndarray) -> Array:
        asked.extend(kept)
        return np.asarray(3.0 * kept[:, -2])

    found = in_turns(hybrid)(worked(score, messages))
    assert np.argmax(found.values) == len(found.values) - 2
    assert found.values[-2] == pytest.approx(3.0 + WEIGHT * 2.0)
    in_two_turns = [kept[-2:].tolist() for kept in asked if not kept[:-2].any()]
    assert [False, True] in in_two_turns
    assert all(kept[:-2].all() or not kept[:-2].any() for kept in asked)
