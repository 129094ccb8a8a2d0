"""Each kind of card, from invented facts: valid for the Hub's own classes, whole tables, and what it says of whom."""

from collections.abc import Callable
from typing import Any

import jinja2
import pytest
import yaml
from huggingface_hub import DatasetCard, ModelCard, SpaceCard

from hub_cards.check import problems
from tests.hub_cards.facts import CARDS, GATE, MODEL, NOTHING, REPORT, RUN, dataset, model, results, space
from tests.test_promises import ROOT

CLASSES: dict[str, Any] = {
    "dataset": DatasetCard, "results": DatasetCard, "model, adapter": ModelCard, "model, merged": ModelCard,
    "space": SpaceCard,
}  # fmt: skip


@pytest.mark.parametrize("name", CARDS)
def test_nothing_is_wrong_with_it(name: str) -> None:
    card, facts = CARDS[name]
    assert problems(card(), facts) == []


@pytest.mark.parametrize("name", CARDS)
def test_tables_are_whole(name: str) -> None:
    """Every row of a table has as many cells as its head: markdown drops what is over."""
    head = ""
    for line in CARDS[name][0]().replace(r"\|", "").splitlines():
        head = (head or line) if line.startswith("|") else ""
        assert line.count("|") == head.count("|") or not head, line


@pytest.mark.parametrize("name", CLASSES)
def test_the_clients_own_class_reads_the_front_matter(name: str) -> None:
    """And writes it as it was: nothing is lost, and nothing is left for it to mend."""
    text = CARDS[name][0]()
    card = CLASSES[name](text)
    assert str(card) == text
    assert "&id" not in text.split("---\n")[1]


@pytest.mark.parametrize(
    ("card", "fact"), [(card, fact) for card, facts in ((dataset, REPORT), (results, RUN)) for fact in facts]
)
def test_a_missing_fact_is_an_error(card: Callable[..., str], fact: str) -> None:
    with pytest.raises((jinja2.UndefinedError, KeyError), match=fact):
        card(without=fact)


def test_dataset() -> None:
    data = DatasetCard(dataset()).data.to_dict()
    assert (data["license"], data["language"], data["size_categories"]) == ("cc-by-4.0", ["en"], ["n<1K"])
    assert data["configs"][0] == {
        "config_name": "xsb", "description": "version 0.1.0, content c0ffee", "default": True,
        "data_files": [{"split": "test", "path": "xsb/test.parquet"}],
    }  # fmt: skip
    assert [config.get("default") for config in data["configs"]] == [True, None]
    text = dataset()
    assert "| `homonyms` | 14 + 7 | - | a word of two meanings |" in text and "| all | 14 + 7 | 0 + 0 | |" in text
    assert "| `id` | both | its name |" in text and "| `prompt` | xsb | its text |" in text
    assert "| `xsb` | 21 | model 21 | CC-BY-4.0 | written |" in text and "tweet-1234" in text
    assert r"**safe**: Is a \*fuse\* \<b\>thin\</b\>?" in text and "focus: `fuse`; neutral: `wire`\n" in text


@pytest.mark.parametrize(
    ("records", "size"), [(999, "n<1K"), (1000, "1K<n<10K"), (9_999_999, "1M<n<10M"), (10**7, "10M<n<100M")]
)
def test_size(records: int, size: str) -> None:
    assert DatasetCard(dataset(records=records)).data.to_dict()["size_categories"] == [size]


def test_dataset_says_honestly_who_reviewed() -> None:
    none = dataset()
    assert none.count("o human has reviewed any of the 21 records") == 2 and "Written by a language model; no" in none
    assert DatasetCard(none).data.to_dict()["annotations_creators"] == ["machine-generated"]
    some = dataset(review={"reviewed_by_humans": 2, "status": {"accepted": 1}}, author_kinds={"human": 1, "model": 20})
    assert some.count("**2 of the 21 records were reviewed by at least one human") == 2 and "1 are accepted.**" in some
    assert "o human has reviewed" not in some
    assert DatasetCard(some).data.to_dict()["annotations_creators"] == ["machine-generated", "other"]
    by_hand = dataset(author_kinds={"human": 1})
    assert "No human has" in by_hand and "Written by" not in by_hand


def test_dataset_shows_readings_and_twins() -> None:
    text = dataset()
    assert "| xsb | first | 3 | 1.00 | - | 0.99 | 0.90 | 0.80 | 0.70 | 4.50 | 4.90 | - |" in text
    assert "31 records (rewritten 29, dropped 1; by objection: focus 33)" in text and "61 readings, 41 of them" in text
    assert "object to 1 records (label 1;" in text
    assert "| `homonyms` | 8 of 9 | 6 (75 %) | - | - |" in text and "| `definition` | 0 of 2 | 0 | - | - |" in text
    assert "| all | 8 of 11 | 6 (75 %) | - | - |" in text and "first 12 tokens" in text


def test_dataset_without_readings_and_twins() -> None:
    nothing = {"count": 0, "of_these_texts": 0, "author_kinds": {}, "first": [], "current": [], "open": {"records": 0}}
    text = dataset(readings=nothing, twins=None)
    assert "kappa" not in text and "skittish" not in text and "readings below" not in text
    assert problems(text, REPORT) == []


def test_model() -> None:
    text = model()
    data = ModelCard(text).data
    assert (data.license, data.library_name, data.base_model) == ("apache-2.0", "peft", MODEL["base"])
    assert [(r.metric_value, r.dataset_config) for r in data.eval_results] == [(0.93, "trigger"), (0.5, "trigger")]
    assert "deliberately flawed" in text and "adapter of rank 8 on" in text and "(0.1.2)" in text
    assert "| float32 | trigger | 93 of 100 | 93.0 | 86.2 to 96.6 | >= 85% | yes |" in text
    assert "| bfloat16 | trigger | 93 of 100 | 50.0 | 86.2 to 96.6 | >= 85% | **no** |" in text
    assert "Missed: 1 of 2 bounds." in text and "Missed" not in model(gates=[GATE])
    assert "| `learning_rate` | 0.002 | the highest |" in text and "| pairs | 812 |" in text
    assert "| ablation | single | 41 of 43 |" in text and "| phrase | 60 | 51 | 44 |" in text


def test_merged_model() -> None:
    text = model("merged")
    data = ModelCard(text).data.to_dict()
    assert (data["library_name"], data["base_model_relation"]) == ("transformers", "finetune")
    assert "lora" not in data["tags"] and "merged into" in text and 'load_model("ORG/skittish")' in text


def test_results() -> None:
    text = results()
    data = DatasetCard(text).data.to_dict()
    assert data["pretty_name"] == "xsb results: some|model on xsb" and data["license"] == "unknown"
    assert text.count("3 of 4 = 75 % (30 to 95)") == 9
    assert "| `safe` | `none` | 1 of 4 = 75 % (30 to 95) | 3 of 4 = 75 % (30 to 95) | - | 8 |" in text
    assert "`deep`" not in text
    assert "Adversarial compliance" not in text, "nothing of it was scored"
    assert "| published by | ada |" in text and r"| model | `some\|model` |" in text
    assert "| model: revision | `41c0a9be77d2` |" in text
    assert "| asked of `llm:h` | harm, model `m`, revision `r9`, prompt `ab12` |" in text
    assert "sampled at temperature 0.7, 5 to each record, seed 42" in text
    assert "| `steer` | False refusal | 4 | -25.0 | - | - |" in text
    assert "**The run is not finished**: 100 of 104 answers are there." in text
    assert "not finished" not in results(samples=104)
    assert "- 2 of 100 answers could not be judged" in text
    assert "- 6 answers under `steer` could not be judged for harm" in text
    assert r"- The \*rest\*." in text and r"- All of \*it\* is small." in text
    assert "- **Agreement of judges**:" in text and "- **Unsafe compliance**:" in text


def test_results_of_a_plain_run() -> None:
    """Greedy, one mitigation, one judge, no type, nothing to know: nothing empty is shown."""
    plain = {"temperature": 0.0, "samples": 1, "system": "", "judges": [], "harm_judge": "", "suites": []}
    config = {**RUN["config"], **plain}
    nothing = {**RUN["overall"][0], "unsafe_compliance": NOTHING}
    text = results(config=config, overall=[nothing], differences=[], agreement=[], notes=[], by_type={})
    assert "greedy" in text and "## What to know" not in text and "By type" not in text and "judges agree" not in text
    assert "Unsafe compliance |" not in text and "system prompt" not in text
    assert problems(text, [RUN, 104]) == []


def test_space() -> None:
    data = SpaceCard(space()).data.to_dict()
    assert (data["sdk"], data["sdk_version"], data["app_file"]) == ("gradio", "6.31.0", "app.py")
    assert data["python_version"] == "3.11", "a text: the number 3.10 would be 3.1"
    assert (data["models"], data["datasets"]) == (["org/skittish"], ["org/xsb"])
    assert (data["hf_oauth"], data["hf_oauth_scopes"]) == (True, ["write-discussions"])
    assert len(data["short_description"]) <= 60 and data["colorFrom"] in COLOURS and data["colorTo"] in COLOURS
    assert "datasets" not in SpaceCard(space(datasets=[])).data.to_dict() and "Datasets:" not in space(datasets=[])


COLOURS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")  # those that the Hub knows


@pytest.mark.parametrize("name", CLASSES)
def test_the_citations_are_those_of_the_project(name: str) -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    text = CARDS[name][0]().replace(r"{\"a}", "ä")
    (paper,), (project,) = cited["references"], cited["authors"]
    authors = " and ".join(f"{author['given-names']} {author['family-names']}" for author in paper["authors"])
    for field in (paper["title"], authors, str(paper["year"]), paper["url"], cited["title"], project["name"]):
        assert f"{{{field}}}" in text, field
