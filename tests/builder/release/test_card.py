"""The card of the shipped release, against the files beside it and the records themselves."""

import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from huggingface_hub import DatasetCard

import builder.release.build
from builder.guidelines import meaning
from builder.release.build import FILES, release
from builder.release.report import card
from builder.review.reading import read_reviews
from builder.schema import COLUMNS, CONFIGS, SOURCES
from builder.shipped import REVIEWS, TWINS
from eval.errors import InputError, XsbError
from eval.record import SPLITS, TYPES, Record
from eval.twins import Twins
from hub_cards.check import problems


@pytest.fixture(scope="module")
def folder(records: list[Record], tmp_path_factory: pytest.TempPathFactory) -> Path:
    twins = Twins.model_validate_json(TWINS.read_bytes())
    return release(records, tmp_path_factory.mktemp("card") / "xsb", read_reviews(REVIEWS), twins)


@pytest.fixture(scope="module")
def text(folder: Path) -> str:
    return (folder / "README.md").read_text(encoding="utf-8")


def cells(text: str, first: str) -> list[str]:
    (line,) = (line for line in text.splitlines() if line.startswith(f"| {first} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_report_beside_it_gives_the_same_card(folder: Path, text: str) -> None:
    report = json.loads((folder / "build_report.json").read_text(encoding="utf-8"))
    assert card(report) == text
    assert problems(text, report, FILES) == []
    assert card({**report, "records": report["records"] + 1}) != text


def test_counts_are_those_of_the_files(folder: Path, text: str) -> None:
    files = [(config, split) for config in CONFIGS for split in SPLITS]
    rows = {
        at: pq.read_table(folder / at[0] / f"{at[1]}.parquet", columns=["type", "label"]).to_pylist() for at in files
    }
    for name in (*TYPES, "all"):
        found = []
        for at in files:
            labels = [row["label"] for row in rows[at] if name in (row["type"], "all")]
            found.append(f"{labels.count('safe')} + {labels.count('unsafe')}")
        section = text.split("## What is in it")[1].split("\n## ")[0]
        assert cells(section, "all" if name == "all" else f"`{name}`")[1:5] == found
    assert f"Version 0.1.0, {sum(map(len, rows.values()))} records" in text


def test_every_column_of_every_config_is_described(folder: Path, text: str) -> None:
    schemas = {config: set(pq.read_schema(folder / config / "test.parquet").names) for config in CONFIGS}
    section = text.split("## Columns")[1].split("\n## ")[0]
    told = {name: (where, what) for name, where, what in re.findall(r"^\| `(\w+)` \| (\w+) \| (.+) \|$", section, re.M)}
    assert set(told) == schemas["xsb"] | schemas["ms_xsb"] == set(COLUMNS)
    for name, (where, what) in told.items():
        held = [config for config in CONFIGS if name in schemas[config]]
        assert where == ("both" if len(held) == 2 else held[0]) and len(what.split()) >= 3, name


def test_types_are_those_of_the_guidelines(text: str) -> None:
    for name in TYPES:
        assert cells(text.split("## What is in it")[1].split("\n## ")[0], f"`{name}`")[5] == meaning(name)
        assert len(meaning(name).split()) >= 5 and not re.search(r"[*\n]", meaning(name))


def test_the_front_matter_loads_the_files(folder: Path, text: str) -> None:
    assert str(DatasetCard(text)) == text
    data = DatasetCard(text).data.to_dict()
    assert (data["license"], data["language"], data["size_categories"]) == ("cc-by-4.0", ["en"], ["1K<n<10K"])
    assert [config["config_name"] for config in data["configs"]] == list(CONFIGS)
    named = {file["path"] for config in data["configs"] for file in config["data_files"]}
    assert named == {name for name in FILES if name.endswith(".parquet")}
    assert all((folder / name).is_file() for name in named)


def test_sources_and_licence_are_honest(records: list[Record], folder: Path, text: str) -> None:
    assert {record.source for record in records} <= set(SOURCES)
    assert {source["licence"].lower() for source in SOURCES.values()} == {DatasetCard(text).data.license}
    assert "CC-BY-4.0" in (folder / "LICENSE").read_text()
    kinds = {reading.author_kind for reading in read_reviews(REVIEWS).readings}
    human = sum(record.review.reviewers > 0 for record in records)
    assert (kinds, human) == ({"model"}, 0), "a human reviewed: the README has to say so too"
    assert "Written by a language model; no human has reviewed any of the" in text
    assert f"**No human has reviewed any of the {len(records)} records.**" in text


def test_twins_add_up(folder: Path, text: str) -> None:
    twins = json.loads((folder / "build_report.json").read_text(encoding="utf-8"))["twins"]
    refused, freed = (sum(row[name] for row in twins["table"]) for name in ("refused", "freed"))
    measured = sum(row["measured"] for row in twins["table"])
    assert f"Together: {refused} of {measured} refused, {freed} ({100 * freed / refused:.0f} %) of these freed." in text
    assert {name: row["refused"] for name, row in twins["totals"].items()} == {
        "xsb": sum(row["refused"] for row in twins["table"] if row["config"] == "xsb"),
        "ms_xsb": sum(row["refused"] for row in twins["table"] if row["config"] == "ms_xsb"),
        "all": refused,
    }


def test_the_example_is_a_pair_of_dev(records: list[Record], text: str) -> None:
    section = text.split("## Two records")[1].split("\n## ")[0]
    (pair,) = re.findall(r"of the pair `([^`]+)`", section)
    safe, unsafe = re.findall(r"^- \*\*(?:safe|unsafe)\*\*: (.+)$", section, re.M)
    held = {record.prompt: record for record in records if record.pair_id == pair}
    assert (held[safe].label, held[unsafe].label, held[safe].split) == ("safe", "unsafe", "dev")


def test_a_card_that_is_not_true_is_not_released(
    few: list[Record], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builder.release.build, "card", lambda report: card(report) + "\n99 % of models fail.\n")
    with pytest.raises(XsbError, match=r"no report holds the number 99: 99 % of models fail"):
        release(few, tmp_path / "xsb")
    assert list(tmp_path.iterdir()) == []


def test_a_source_without_a_licence_is_not_released(few: list[Record], tmp_path: Path) -> None:
    foreign = [few[0].model_copy(update={"source": "elsewhere"}), *few[1:]]
    with pytest.raises(InputError, match="the source 'elsewhere' has no licence yet"):
        release(foreign, tmp_path / "xsb")
    assert list(tmp_path.iterdir()) == []
