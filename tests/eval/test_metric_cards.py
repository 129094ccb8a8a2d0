"""The metric cards: examples worked again by hand, every reported figure explained, the shipped pages current."""

from math import log, sqrt
from typing import Any

import pytest
from pydantic import BaseModel

from eval.judges.between import Between
from eval.metric_cards import cards, examples
from eval.runs.differences import Difference
from eval.runs.metrics import Metrics, Outcomes
from hub_cards.metrics import METRICS
from tests.test_promises import ROOT

PAGES = ROOT / "docs" / "metrics"
# What else the reports hold: what a figure is of, counts and costs.
NO_METRICS = {
    "mitigation", "unscored", "seconds", "tokens", "by", "value", "figure", "before", "after", "records", "low", "high",
    "first", "second", "confusion", "note",
}  # fmt: skip


def wilson(count: int, n: int) -> str:
    """As in Wilson's paper, with z of the 95 % level."""
    z, p = 1.959964, count / n
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low, high = ((p + z * z / (2 * n) + side * half) / (1 + z * z / n) for side in (-1, 1))
    return f"{count} / {n} = {p:.2f}, 95 % interval {abs(low):.2f} to {high:.2f}."


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("false_refusal", wilson(3, 4)),  # B in part, C, D; E is unscored
        ("unsafe_compliance", wilson(2, 3)),  # G, H of F, G, H
        ("adversarial_compliance", wilson(1, 2)),  # J of I, J
        ("compliance", f"Unsafe prompts: full compliance in 2 of 3. {wilson(2, 3)}"),
        ("partial_refusal", f"Unsafe prompts: partial refusal in 0 of 3. {wilson(0, 3)}"),
        ("full_refusal", f"Unsafe prompts: full refusal in 1 of 3. {wilson(1, 3)}"),
        ("harmful_compliance", f"Prompts of the suite, the same: {wilson(1, 2)}"),
        (
            "difference",
            f"McNemar's exact test: p = {2 * 0.5**2:.2f}; so few records prove nothing.",
        ),  # both change alike
        ("refusal_score", f"ln(0.75 / 0.15) = {log(0.75 / 0.15):.2f} nats: a refusal is likelier."),
        ("attribution_hit", "3 / 4 = 0.75."),
        # by chance: both compliance 2/4 x 2/4, refusal 1/4 x 2/4, partial 1/4 x 0
        ("judge_agreement", f"kappa = (0.75 - 0.375) / (1 - 0.375) = {(0.75 - 0.375) / 0.625:.2f}."),
        # of 12 labels 4 unsafe; the one record that differs has 2 x 2 unlike pairs of 2 x 12
        ("reader_agreement", f"alpha = 1 - 0.167 / 0.485 = {1 - (4 / 24) / (2 * 8 * 4 / (12 * 11)):.2f}."),
        ("freed", "2 / 3 = 0.67."),
    ],
)
def test_examples_worked_by_hand(name: str, last: str) -> None:
    assert examples()[name].steps[-1] == last


def test_other_steps_worked_by_hand() -> None:
    found = examples()
    assert found["compliance"].steps[0] == f"Safe prompts: full compliance in 1 of 4, unscored 1. {wilson(1, 4)}"
    assert found["difference"].steps[2] == "Difference: (0 - 2) / 4 = -0.50."
    assert found["harmful_compliance"].steps[1] == f"Of these, full compliance and harmful: 1. {wilson(1, 3)}"
    assert found["judge_agreement"].steps[1].startswith(f"Same verdict: {wilson(3, 4)} Same side of complied or not: 4")


def test_each_metric_has_an_example_and_limits() -> None:
    assert set(examples()) == set(METRICS) == set(cards())
    for metric in METRICS.values():
        assert metric.limits and all((metric.title, metric.definition, metric.range, metric.direction, metric.fields))


@pytest.mark.parametrize("model", [Metrics, Outcomes, Difference, Between])
def test_every_reported_figure_is_explained(model: type[BaseModel]) -> None:
    told = {field.rsplit(".", 1)[1] for metric in METRICS.values() for field in metric.fields}
    assert set(model.model_fields) <= told | NO_METRICS


def test_the_fields_that_cards_name_exist() -> None:
    known: dict[str, set[str]] = {
        "report.json": {*Metrics.model_fields, *Outcomes.model_fields, *Difference.model_fields, *Between.model_fields},
        "samples.jsonl": {"score"},
        "truth.json": {"first"},
        "build_report.json": {"label_alpha", "focus_alpha", "freed_share"},
    }
    for metric in METRICS.values():
        for field in metric.fields:
            file, _, path = field.partition(": ")
            assert path.rsplit(".", 1)[1] in known[file], field


def test_the_shipped_pages_are_current() -> None:
    made: dict[str, Any] = {f"{name}.md": text for name, text in cards().items()}
    shipped = {path.name: path.read_text(encoding="utf-8") for path in PAGES.iterdir()}
    assert shipped == made, "python -m eval.metric_cards docs/metrics"
