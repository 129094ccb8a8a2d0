import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from eval.attribution import METHODS, Attribution, Feature, Phrase, Shares, attribute
from eval.errors import InputError, ModelError, UnknownName
from eval.models.transformers import TransformersModel
from eval.record import conversation
from tests.eval.asked import Refuser, Teller


def found(scores: list[float], phrases: list[Phrase] | None = None) -> Attribution:
    features = [Feature(text=f"w{i}", turn=0, start=3 * i, end=3 * i + 2, score=s) for i, s in enumerate(scores)]
    return Attribution(
        method="m", target="t", removal="delete", unit="nats", refusal_score=1.0, error=None, seconds=0,
        evaluations=0, passes=0, tokens=0, features=features, phrases=phrases or [],
    )  # fmt: skip


def test_features_are_spans_in_reading_order(tiny: TransformersModel) -> None:
    answer = attribute(tiny, conversation("kill or kill?"))
    assert [(f.text, f.start, f.end) for f in answer.features] == [("kill", 0, 4), ("or", 5, 7), ("kill", 8, 12)]
    assert answer.target == "refusal_openers"
    assert answer.tokens > answer.evaluations >= 5


def test_triggers_are_the_top_word_and_those_at_least_half_as_much() -> None:
    assert [span.start for span in found([1, 4, 2, 1.9]).triggers] == [3, 6]
    assert [span.start for span in found([5, 5, 5, 5]).triggers] == [0, 3, 6]
    assert found([-1, 0, -2]).triggers == []


def test_a_phrase_is_one_trigger() -> None:
    phrase = Phrase(text="w1 w2", turn=0, start=3, end=8, interaction=2.0)
    answer = found([1, 4, 3.5, 0], [phrase])
    assert [(span.start, span.end) for span in answer.triggers] == [(3, 8)]
    assert answer.model_dump()["triggers"] == [{"turn": 0, "start": 3, "end": 8}]
    assert [(block.text, block.score) for block in answer.blocks] == [("w0", 1), ("w1 w2", 4), ("w3", 0)]
    assert len(found([9, 4, 3.5, 0], [phrase]).blocks) == 4, "a phrase that is not to blame is not shown"


def test_only_log_odds_say_whether_it_refuses() -> None:
    answer = found([1])
    assert answer.refuses is True
    assert answer.model_copy(update={"refusal_score": -0.1}).refuses is False
    assert answer.model_copy(update={"target": "own_response"}).refuses is None


def test_one_word_prompt(tiny: TransformersModel) -> None:
    assert [feature.text for feature in attribute(tiny, conversation("kill")).features] == ["kill"]


def test_no_words_are_named(tiny: TransformersModel) -> None:
    with pytest.raises(InputError, match="only punctuation"):
        attribute(tiny, conversation("?!"))


def test_unknown_names_offer_the_nearest(tiny: TransformersModel) -> None:
    with pytest.raises(UnknownName, match="Did you mean ablation"):
        attribute(tiny, conversation("kill it"), method="ablations")
    with pytest.raises(UnknownName, match=r"unknown removal 'masked'\. Did you mean mask"):
        attribute(tiny, conversation("kill it"), removal="masked")


def test_shares_that_are_not_finite_are_named(tiny: TransformersModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METHODS, "broken", lambda case: Shares(np.full(len(case.features), np.nan), 0.0))
    with pytest.raises(ModelError, match="not finite"):
        attribute(tiny, conversation("kill it"), method="broken")


PROMPT = "Name a film about a spy who likes his tea cold."


@pytest.mark.parametrize(("model", "unit", "target", "score"), [
    (Refuser(), "refusal rate", "judged_answers", 1.0), (Teller(), "nats", "refusal_openers", math.log(3)),
])  # fmt: skip
@pytest.mark.parametrize("method", ["black_box", "ablation"])
def test_a_model_by_calls(model: Refuser, unit: str, target: str, score: float, method: str) -> None:
    model.asked = []
    answer = attribute(model, conversation(PROMPT), method)
    assert (answer.unit, answer.target) == (unit, target)
    assert answer.refusal_score == pytest.approx(score)
    assert [span.text(conversation(PROMPT)) for span in answer.triggers] == ["spy"]
    assert answer.evaluations == len(model.asked) <= (8 if method == "black_box" else 18)
    assert answer.tokens > 0


def test_a_model_by_calls_in_a_dialogue_that_names_the_spy_twice() -> None:
    turns = conversation([{"role": "user", "content": "I like spy films."}, {"role": "assistant", "content": "Good."},
                          {"role": "user", "content": "Name one with a spy."}])  # fmt: skip
    answer = attribute(Refuser(), turns, "black_box")
    assert [(span.turn, span.text(turns)) for span in answer.triggers] == [(0, "spy"), (2, "spy")]


def test_answers_of_a_local_model_are_judged_where_that_is_wanted(tiny: TransformersModel) -> None:
    answer = attribute(tiny, conversation("kill it"), "black_box", "judged_answers", max_new_tokens=4)
    assert (answer.unit, answer.refusal_score, answer.triggers) == ("refusal rate", 0.0, [])


def test_a_known_answer_saves_a_call() -> None:
    known, unknown = Refuser(), Refuser()
    attribute(known, conversation(PROMPT), "black_box", response="I can't help with that.")
    attribute(unknown, conversation(PROMPT), "black_box")
    assert len(known.asked) == len(unknown.asked) - 1


def test_what_a_model_behind_an_endpoint_does_not_give_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METHODS, "gradients", lambda case: Shares(np.zeros(len(case.open)), 0.0))
    with pytest.raises(ModelError, match=r"which refuser does not give: use --method ablation, shap or black_box"):
        attribute(Refuser(), conversation(PROMPT), "gradients")
    with pytest.raises(ModelError, match=r"target own_response needs open weights.*use --target judged_answers"):
        attribute(Refuser(), conversation(PROMPT), target="own_response")
    with pytest.raises(ModelError, match="cannot be masked"):
        attribute(Refuser(), conversation(PROMPT), removal="mask")
    with pytest.raises(UnknownName, match="unknown judge 'rule'"):
        attribute(Refuser(), conversation(PROMPT), judge="rule")
    with pytest.raises(InputError, match="only punctuation"):
        attribute(Refuser(), conversation("?!"), "black_box")


def test_calls_need_no_torch() -> None:
    code = (
        "import sys; from eval.attribution import attribute; from eval.record import conversation;"
        "from tests.eval.asked import Refuser; attribute(Refuser(), conversation('a spy film'), 'black_box');"
        "sys.exit('torch' in sys.modules)"
    )
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
