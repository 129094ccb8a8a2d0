import numpy as np
import pytest

from eval.attribution import METHODS, Attribution, Feature, Phrase, Shares, attribute
from eval.errors import InputError, ModelError, UnknownName
from eval.models.transformers import TransformersModel
from eval.record import conversation
from tests.eval.attribution.worked import TextOnly


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


def test_a_model_without_logits_is_named() -> None:
    with pytest.raises(ModelError, match=r"needs a model's log-probabilities.*--triggers"):
        attribute(TextOnly(), conversation("kill it"))
