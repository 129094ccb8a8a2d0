import numpy as np
import pytest

from eval.attribution.hybrid import shapley
from eval.bench.shapley import EXPLAINERS, TableScore, all_coalitions, compare, game, markdown, solved, study
from eval.models.transformers import TransformersModel
from tests.eval.attribution.games import LONG, refusing
from tests.eval.attribution.worked import worked

NINE = " ".join(LONG.split()[:9])


def test_a_table_answers_as_the_score_that_it_was_made_of() -> None:
    everything = all_coalitions(12)
    table = TableScore(refusing(everything))
    some = everything[[0, 7, 7, 4095]]
    assert table(some).tolist() == refusing(some).tolist()
    assert table.evaluations == 3


def test_exact_values_are_those_of_enumeration() -> None:
    case = worked(refusing, LONG)
    found = solved(case, refusing(all_coalitions(12)))
    assert found.exact == pytest.approx(shapley(case.score, 12), abs=1e-9)  # type: ignore[arg-type]


def test_what_is_additive_costs_nobody_an_error() -> None:
    weights = np.linspace(-1, 1, 9)
    rows = compare([solved(worked(lambda kept: kept @ weights, NINE), all_coalitions(9) @ weights)], [64], seeds=2)
    assert [row.explainer for row in rows] == list(EXPLAINERS)
    assert all(row.evaluations <= 64 for row in rows)
    assert all(row.error_nats < 1e-3 for row in rows)


def test_errors_fall_with_the_budget_and_ours_is_least() -> None:
    rows = compare([solved(worked(refusing, LONG), refusing(all_coalitions(12)))], [64, 256], seeds=3)
    error = {(row.explainer, row.budget): row.error_nats for row in rows}
    ours = next(iter(EXPLAINERS))
    assert all(error[name, 256] < error[name, 64] for name in EXPLAINERS)
    assert all(error[ours, 64] <= error[name, 64] for name in EXPLAINERS)
    span = np.ptp(refusing(all_coalitions(12)))
    assert rows[0].relative == pytest.approx(rows[0].error_nats / span)


def test_budgets_that_hold_all_coalitions_or_not_one_permutation_have_no_row() -> None:
    found = solved(worked(lambda kept: refusing(np.pad(kept, ((0, 0), (0, 8)))), "a b c d"), np.arange(16.0))
    assert compare([found], [16], seeds=1) == []
    few = compare([solved(worked(refusing, LONG), refusing(all_coalitions(12)))], [16], seeds=1)
    assert "shap PermutationExplainer" not in [row.explainer for row in few]
    assert markdown(few).startswith("| explainer | 16 evaluations |\n|---|---|\n| `shap` (ours) | ")


def test_on_a_model(tiny: TransformersModel) -> None:
    rows = study(tiny, ["kill the frozen process now"], budgets=[16], seeds=2)
    assert {row.budget for row in rows} == {16}
    found = game(tiny, "kill the frozen process now")
    assert found.exact.sum() == pytest.approx(found.scores[-1] - found.scores[0])
    assert 0 < np.median([row.error_nats for row in rows]) < np.ptp(found.scores)
