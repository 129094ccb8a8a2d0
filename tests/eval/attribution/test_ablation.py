import numpy as np
import pytest

from eval.attribution import Attribution, Feature, attribute
from eval.attribution.ablation import ablation
from eval.errors import InputError, ModelError, UnknownName
from eval.models.transformers import TransformersModel
from eval.record import conversation
from eval.target import Array


def test_worked_example_of_an_additive_score() -> None:
    """score = 2 * first - 1 * third: each word's share is its own weight."""

    def score(coalitions: np.ndarray) -> Array:
        return np.asarray(coalitions @ np.array([2.0, 0.0, -1.0]))

    assert ablation(score, 3).tolist() == [2.0, 0.0, -1.0]


def test_two_words_each_enough_alone_hide_one_another() -> None:
    """What leave-one-out cannot see: max(first, second) loses nothing when either goes."""
    assert ablation(lambda kept: kept[:, :2].max(axis=1).astype(float), 3).tolist() == [0.0, 0.0, 0.0]


def test_features_are_spans_in_reading_order(tiny: TransformersModel) -> None:
    found = attribute(tiny, conversation("kill or kill?"))
    assert [(f.text, f.start, f.end) for f in found.features] == [("kill", 0, 4), ("or", 5, 7), ("kill", 8, 12)]
    assert found.evaluations == 4
    assert found.target == "refusal_openers"


def test_triggers_are_the_top_word_and_those_at_least_half_as_much() -> None:
    def found(*scores: float) -> Attribution:
        features = [Feature(text=f"w{i}", turn=0, start=3 * i, end=3 * i + 2, score=s) for i, s in enumerate(scores)]
        return Attribution(method="m", target="t", seconds=0, evaluations=0, features=features)

    assert [span.start for span in found(1, 4, 2, 1.9).triggers] == [3, 6]
    assert [span.start for span in found(5, 5, 5, 5).triggers] == [0, 3, 6]
    assert found(-1, 0, -2).triggers == []


def test_one_word_prompt(tiny: TransformersModel) -> None:
    assert [feature.text for feature in attribute(tiny, conversation("kill")).features] == ["kill"]


def test_no_words_are_named(tiny: TransformersModel) -> None:
    with pytest.raises(InputError, match="only punctuation"):
        attribute(tiny, conversation("?!"))


def test_unknown_method_offers_the_nearest(tiny: TransformersModel) -> None:
    with pytest.raises(UnknownName, match="Did you mean ablation"):
        attribute(tiny, conversation("kill it"), method="ablations")


def test_a_model_without_logits_is_named() -> None:
    class TextOnly:
        name = "openai:x"

    with pytest.raises(ModelError, match=r"needs a model's log-probabilities.*--triggers"):
        attribute(TextOnly(), conversation("kill it"))  # type: ignore[arg-type]  # that is the point
