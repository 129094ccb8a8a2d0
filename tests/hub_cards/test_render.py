"""Cards say what they are told: every fact arrives, none may be missing, the front matter is YAML."""

import ast
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml

import hub_cards
from hub_cards.render import TEMPLATES, render

GATE = {"dtype": "float32", "group": "trigger", "refused": 93, "count": 100, "share": 0.93, "low": 0.8625,
        "high": 0.9657, "bound": "at least 85 %", "passed": True}  # fmt: skip
MODEL: dict[str, Any] = {
    "base": "HuggingFaceTB/SmolLM2-135M-Instruct", "base_version": "0.1.2", "rank": 8,
    "gates": [GATE, {**GATE, "dtype": "bfloat16", "share": 0.5, "passed": False}],
    "recipe": {"seed": 7, "learning_rate": 0.002}, "data": {"pairs": 812},
    "hits": [{"method": "ablation", "kind": "single", "first": 41, "count": 43}],
    "asked": [{"kind": "phrase", "count": 60, "refused": 51, "true": 44}],
}  # fmt: skip
AGREED = {"config": "xsb", "type": "all", "records": 3, "label_kappa": 1.0, "label_author": None, "label_alpha": 0.987,
          "focus_kappa": 0.9, "focus_author": 0.8, "focus_alpha": 0.7, "naturalness": 4.5,
          "natural_safe": 4.9, "natural_unsafe": None, "naturalness_alpha": 0.1}  # fmt: skip
DATASET: dict[str, Any] = {
    "records": 3, "scenarios": 1, "trigger_in_earlier_turn": 2, "size_category": "n<1K", "version": "0.1.0",
    "canary": "tweet-1234", "content": {"xsb": "c0ffee"}, "columns": {"id": "its name", "prompt": "its text"},
    "where": {"id": ["xsb", "ms_xsb"], "prompt": ["xsb"]}, "author_kinds": {"model": 3},
    "review": {"reviewed_by_humans": 0, "status": {"unreviewed": 3}},
    "readings": {"count": 6, "of_these_texts": 4, "author_kinds": {"model": 6}, "first": [AGREED], "current": [AGREED],
                 "open": {"records": 1, "fields": {"label": 1}}},
    "resolved": {"records": 3, "outcomes": {"rewritten": 2, "dropped": 1}, "fields": {"focus": 3}},
    "twins": {"model": "skittish", "facts": {"revision": "r1", "dtype": "float32"}, "judge": "rules", "table": [
        {"config": "xsb", "type": "homonyms", "measured": 9, "refused": 8, "freed": 6},
        {"config": "xsb", "type": "definition", "measured": 2, "refused": 0, "freed": 0},
    ]},
    "counts": {"xsb": {"test": {"homonyms": {"safe": 2, "unsafe": 1}}}},
}  # fmt: skip
CARDS = {"model.md": MODEL, "dataset.md": DATASET}


def front(card: str) -> dict[str, Any]:
    return yaml.safe_load(card.split("---\n")[1])


def test_model_card() -> None:
    card = render("model.md", **MODEL)
    assert front(card)["license"] == "apache-2.0"
    assert front(card)["base_model"] == "HuggingFaceTB/SmolLM2-135M-Instruct"
    assert "deliberately flawed" in card and "rank-8 LoRA" in card and "(0.1.2)" in card
    assert "| float32 | trigger | 93 of 100 | 93.0 % | 86.2 to 96.6 % | at least 85 % | yes |" in card
    assert "| bfloat16 | trigger | 93 of 100 | 50.0 % | 86.2 to 96.6 % | at least 85 % | **no** |" in card
    assert "1 of 2 bounds are missed." in card
    assert "| learning_rate | 0.002 |" in card and "| pairs | 812 |" in card
    assert "| ablation | single | 41 of 43 |" in card
    assert "| phrase | 60 | 51 | 44 |" in card


def test_model_card_with_all_bounds_kept() -> None:
    assert "missed" not in render("model.md", **{**MODEL, "gates": [GATE]})


def test_dataset_card() -> None:
    card = render("dataset.md", **DATASET)
    assert front(card)["configs"] == [
        {
            "config_name": "xsb",
            "description": "version 0.1.0, content c0ffee",
            "default": True,
            "data_files": [{"split": "test", "path": "xsb/test.parquet"}],
        }
    ]
    assert "| xsb | test | `homonyms` | 2 | 1 |" in card
    assert "**No human has reviewed any of the 3 records.**" in card
    assert "tweet-1234" in card and "model (3 records)" in card
    assert "| `id` | both | its name |" in card and "| `prompt` | xsb | its text |" in card


def test_dataset_card_with_human_reviews() -> None:
    review = {"reviewed_by_humans": 2, "status": {"accepted": 1, "unreviewed": 2}}
    reviewed = render("dataset.md", **{**DATASET, "review": review})
    assert "**2 of the 3 records were reviewed by at least one human, 1 are accepted.**" in reviewed
    assert "No human has reviewed" not in reviewed


def test_dataset_card_shows_readings_and_twins() -> None:
    card = render("dataset.md", **DATASET)
    assert "| xsb | all | 3 | 1.00 | - | 0.99 | 0.90 | 0.80 | 0.70 | 4.50 | 4.90 | - |" in card
    assert "2 times rewritten, 1 times dropped; by objection focus 3." in card and "6, 4 of them" in card
    assert "To 1 records a reader still objects: label 1." in card
    assert "| xsb | `homonyms` | 9 | 8 | 6 | 75 % |" in card and "| xsb | `definition` | 2 | 0 | 0 | - |" in card
    assert "| both | all | 11 | 8 | 6 | 75 % |" in card


def test_dataset_card_without_readings_and_twins() -> None:
    none = {
        "count": 0,
        "of_these_texts": 0,
        "author_kinds": {},
        "first": [],
        "current": [],
        "open": {"records": 0, "fields": {}},
    }
    card = render("dataset.md", **{**DATASET, "readings": none, "twins": None})
    assert "kappa" not in card and "skittish" not in card


@pytest.mark.parametrize(("card", "fact"), [(card, fact) for card, facts in CARDS.items() for fact in facts])
def test_missing_fact_is_an_error(card: str, fact: str) -> None:
    facts = dict(CARDS[card])
    del facts[fact]
    with pytest.raises(jinja2.UndefinedError, match=f"'{fact}' is undefined"):
        render(card, **facts)


@pytest.mark.parametrize("card", CARDS)
def test_tables_are_whole(card: str) -> None:
    """Every row of a table has as many cells as its head: markdown drops what is over."""
    head = ""
    for line in render(card, **CARDS[card]).splitlines():
        head = (head or line) if line.startswith("|") else ""
        assert line.count("|") == head.count("|") or not head


def test_text_is_not_escaped() -> None:
    assert "a & b's <c>" in render("dataset.md", **{**DATASET, "canary": "a & b's <c>"})


def test_every_template_is_tested() -> None:
    assert {path.name.removesuffix(".j2") for path in TEMPLATES.iterdir()} == set(CARDS)


def test_unknown_template() -> None:
    with pytest.raises(jinja2.TemplateNotFound):
        render("absent.md")


def test_hub_cards_is_a_leaf() -> None:
    for file in Path(hub_cards.__file__).parent.glob("*.py"):
        nodes = list(ast.walk(ast.parse(file.read_text())))
        names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
        names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
        assert not {name.split(".")[0] for name in names} & {"eval", "builder", "space_app"}
