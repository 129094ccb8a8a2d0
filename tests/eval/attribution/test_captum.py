import numpy as np
import pytest
import torch

from eval.attribution.ablation import ablation
from eval.attribution.captum import feature_ablation, kernel_shap
from eval.attribution.hybrid import shapley
from eval.errors import InputError
from tests.eval.attribution.games import GAMES, LONG, refusing
from tests.eval.attribution.worked import worked

FOUR = "kill the python process"


@pytest.mark.parametrize("name", GAMES)
def test_feature_ablation_is_leave_one_out(name: str) -> None:
    game, _ = GAMES[name]
    theirs, ours = feature_ablation(worked(game, FOUR)), ablation(worked(game, FOUR))
    assert theirs.values.tolist() == ours.values.tolist()
    assert theirs.error == ours.error


@pytest.mark.parametrize("name", GAMES)
def test_kernel_shap_of_many_samples_comes_near_to_values_known_by_hand(name: str) -> None:
    game, values = GAMES[name]
    shares = kernel_shap(worked(game, FOUR, budget=2000))
    assert shares.values == pytest.approx(values, abs=0.25)


def test_evaluations_are_as_told() -> None:
    case = worked(refusing, LONG, budget=40)
    shares = kernel_shap(case)
    assert 12 < case.score.evaluations <= 40
    whole, nothing = refusing(np.array([[True] * 12, [False] * 12]))
    assert shares.values.sum() == pytest.approx(whole - nothing, abs=1e-3)
    case = worked(refusing, LONG)
    feature_ablation(case)
    assert case.score.evaluations == 14


def test_the_error_of_kernel_shap_is_about_what_it_is_off() -> None:
    exact = shapley_by_enumeration()
    runs = [kernel_shap(worked(refusing, LONG, budget=128, seed=seed)) for seed in range(8)]
    off = np.sqrt(np.mean([(run.values - exact) ** 2 for run in runs]))
    assert 0.5 < off / np.mean([run.error for run in runs]) < 2
    assert np.isnan(kernel_shap(worked(refusing, LONG, budget=8)).error)


def test_equal_seeds_give_equal_shares_and_torchs_generator_is_left_as_it_was() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first, again, other = (kernel_shap(worked(refusing, LONG, seed=seed)).values.tolist() for seed in (1, 1, 2))
    assert torch.rand(1) == expected
    assert first == again != other


@pytest.mark.parametrize("method", [kernel_shap, feature_ablation])
def test_one_word(method: object) -> None:
    shares = method(worked(lambda kept: 3.0 * kept[:, 0] - 1, "kill"))  # type: ignore[operator]
    assert shares.values.tolist() == [3.0]
    assert shares.error == 0


def test_two_words() -> None:
    case = worked(lambda kept: kept @ np.array([1.0, 4.0]), "kill it", budget=16)
    assert kernel_shap(case).values == pytest.approx([1, 4], abs=1e-3)


def test_too_small_a_budget_is_named() -> None:
    with pytest.raises(InputError, match="at least 3 evaluations, not 2"):
        kernel_shap(worked(refusing, LONG, budget=2))


def shapley_by_enumeration() -> np.ndarray:
    return shapley(worked(refusing, LONG).score, 12)  # type: ignore[arg-type]  # all that it asks of a score
