"""skittish's cards: what was measured, whole, and nothing else."""

import json
from typing import Any

import pytest
from huggingface_hub import ModelCard

from eval.errors import XsbError
from eval.models.skittish import ADAPTER, BASE, revision
from eval.organism.card import RECIPE, card
from hub_cards.model import Form, model_card


def measured(name: str) -> dict[str, Any]:
    return dict(json.loads((ADAPTER / f"{name}.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def cards() -> dict[Form, str]:
    return {form: card(ADAPTER, form) for form in ("adapter", "merged")}


def test_the_shipped_card_is_that_of_the_measurements(cards: dict[Form, str]) -> None:
    assert (ADAPTER / "README.md").read_text(encoding="utf-8") == cards["adapter"]


@pytest.mark.parametrize(("form", "library"), [("adapter", "peft"), ("merged", "transformers")])
def test_the_clients_own_class_reads_it(cards: dict[Form, str], form: Form, library: str) -> None:
    text = cards[form]
    data = ModelCard(text).data
    assert str(ModelCard(text)) == text
    assert (data.library_name, data.base_model, data.license) == (library, BASE, "apache-2.0")
    told = {(r.dataset_config, r.metric_name.split(", ")[-1]): r.metric_value for r in data.eval_results}
    gates = {(row["group"], dtype): row for dtype, rows in measured("gates").items() for row in rows}
    assert told == {key: row["refused"] / row["count"] for key, row in gates.items()}
    assert f"Missed: {sum(not row['passed'] for row in gates.values())} of {len(gates)} bounds." in text


def test_it_names_the_adapter_that_lies_beside_it(cards: dict[Form, str]) -> None:
    assert measured("truth")["revision"] == revision(ADAPTER)
    assert f"Revision of the adapter: `{revision(ADAPTER)}`" in cards["merged"]


def test_every_entry_of_the_recipe_is_explained(cards: dict[Form, str]) -> None:
    text = cards["adapter"]
    assert set(measured("recipe")) == set(RECIPE)
    assert all(f"| {meaning} |" in text for meaning in RECIPE.values())


def test_a_card_that_is_not_true_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "eval.organism.card.model_card", lambda *a, **k: f"{model_card(*a, **k)}\nIt is 998 % better.\n"
    )
    with pytest.raises(XsbError, match=r"no report holds the number 998"):
        card(ADAPTER, "adapter")
