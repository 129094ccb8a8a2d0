"""Figures of results that were written by hand."""

import pytest

from eval.bench import shapley
from eval.bench.accuracy.report import grid, interval, markdown
from eval.bench.accuracy.table import FLIPPED, paired, reached, rows
from eval.statistics import Paired, rate
from tests.eval.bench.accuracy.worked import result

RESULTS = [
    result("a", [1]),
    result("b", [2], evaluations=20),
    result("c", [4], evaluations=60),
    result("a", [1], "hybrid"),
    result("b", [1], "hybrid"),
    result("c", [3], "hybrid"),
    result("a", [1], "random_word"),
    result("p", [1], kind="phrase", exact=True),
    result("q", [1], kind="phrase", cause="only a part of the phrase"),
    result("r", [1, 2], kind="redundant"),
    result("s", [1, 3], kind="redundant"),
    result("f", [1], kind="focus"),
    result("g", [2], kind="focus", flips=False, decoy=True),
]


def test_figures_worked_by_hand() -> None:
    table = {(row.plan.name, row.kind): row for row in rows(RESULTS)}
    single = table["ablation", "single"]
    assert (single.count, single.hit1.count, single.hit3.count, single.evaluations) == (3, 1, 2, 20)
    assert single.mrr.value == pytest.approx((1 + 1 / 2 + 1 / 4) / 3)
    assert table["ablation", "redundant"].both.share == 0.5
    assert table["ablation", "phrase"].exact.share == 0.5
    assert table["ablation", "focus"].decoy.count == 1
    assert (table["ablation", "focus"].count, table["ablation", FLIPPED].count) == (2, 1)


def test_goals_are_of_the_best_method_and_never_of_a_baseline() -> None:
    best = {(r.goal.kind, r.goal.what): (r.method, r.share.count, r.kept) for r in reached(rows(RESULTS))}
    assert best["single", "hit@1"] == ("hybrid", 2, False)
    assert best["phrase", "found as one"] == ("ablation", 1, False)
    assert ("decoy_pair", "decoy first") not in best


def test_the_hybrid_is_paired_with_each_method_by_kind() -> None:
    assert paired(RESULTS) == [("single", "hit@1", "ablation", Paired(1, 0, 1.0))]


def test_the_hybrid_is_paired_in_the_figure_of_the_kind_too() -> None:
    both = [result("r", [1, 2], "hybrid", kind="redundant"), result("s", [1, 2], "hybrid", kind="redundant")]
    assert paired([*RESULTS, *both])[1:] == [
        ("redundant", "hit@1", "ablation", Paired(0, 0, 1.0)),
        ("redundant", "both in the first two", "ablation", Paired(1, 0, 1.0)),
    ]


def test_markdown() -> None:
    assert grid(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | ---: |\n| 1 | 2 |"
    assert grid(["a"], []) == ""
    assert interval(rate(9, 10)) == "90.0 (59.6 to 98.2)"
    errors = [shapley.Row(explainer="toy", budget=32, evaluations=30, error_nats=0.25, relative=0.05)]
    text = markdown(RESULTS, {"model": "toy"}, ["No cases of the kind dialogue: the model refuses none."], errors)
    assert "| toy | 0.250 (5.0 %; 30) |" in text
    assert "- model: toy\n\nNo cases of the kind dialogue" in text
    assert "| ablation | 3 | 1 |" in text.partition("| method | another word | only a part of the phrase |")[2]
    assert "| single | hit@1 | >= 97 | 66.7 (20.8 to 93.9) | 3 | hybrid | **no** |" in text
