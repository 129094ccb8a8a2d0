import numpy as np
import pytest

from eval.attribution.ablation import ablation
from tests.eval.attribution.worked import worked


def test_worked_example_of_an_additive_score() -> None:
    """score = 2 * first - 1 * third: each word's share is its own weight, and nothing is left unexplained."""
    case = worked(lambda kept: kept @ np.array([2.0, 0.0, -1.0]), "kill the process")
    shares = ablation(case)
    assert shares.values.tolist() == [2.0, 0.0, -1.0]
    assert shares.error == 0
    assert case.score.evaluations == 5


def test_two_words_each_enough_alone_hide_one_another() -> None:
    """What leave-one-out cannot see: max(first, second) loses nothing when either goes; the error says so."""
    shares = ablation(worked(lambda kept: kept[:, :2].max(axis=1), "kill the process"))
    assert shares.values.tolist() == [0.0, 0.0, 0.0]
    assert shares.error == pytest.approx(1.0)


def test_one_word() -> None:
    shares = ablation(worked(lambda kept: 3.0 * kept[:, 0], "kill"))
    assert shares.values.tolist() == [3.0]
