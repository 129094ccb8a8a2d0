"""What keeps a release from being published."""

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from builder.release.build import release
from builder.release.check import read_release
from eval.errors import InputError
from eval.record import Record


@pytest.fixture(scope="module")
def released(few: list[Record], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return release(few, tmp_path_factory.mktemp("released") / "xsb")


@pytest.fixture
def folder(released: Path, tmp_path: Path) -> Path:
    return shutil.copytree(released, tmp_path / "xsb")


def change_report(folder: Path, **values: Any) -> None:
    report = json.loads((folder / "build_report.json").read_text())
    (folder / "build_report.json").write_text(json.dumps(report | values))


def test_a_release_has_no_problems(released: Path) -> None:
    found = read_release(released)
    assert found.problems == [] and found.version == "0.1.0" and set(found.tables) == {"xsb", "ms_xsb"}


def test_a_number_of_the_card_that_was_typed(folder: Path) -> None:
    card = folder / "README.md"
    card.write_text(card.read_text().replace("records, English", "records or so, English"))
    assert read_release(folder).problems == [
        "README.md does not say what build_report.json says; run xsb-build release again"
    ]


def test_a_card_with_missing_numbers(folder: Path) -> None:
    report = json.loads((folder / "build_report.json").read_text())
    read = report.pop("readings")
    (folder / "build_report.json").write_text(json.dumps(report))
    (problem,) = read_release(folder).problems
    assert problem == "the card lacks a number ('readings' is undefined); run xsb-build release again"
    report["readings"] = read | {"count": 1, "of_these_texts": None}
    (folder / "build_report.json").write_text(json.dumps(report))
    (problem,) = read_release(folder).problems
    assert problem == "the card lacks a number (a fact has no value); run xsb-build release again"


def test_a_card_that_is_not_true_though_it_is_the_reports(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after an update of the project whose template holds a number of its own."""
    text = (folder / "README.md").read_text() + "\n99 % of models fail.\n"
    (folder / "README.md").write_text(text)
    monkeypatch.setattr("builder.release.check.card", lambda _: text)
    assert read_release(folder).problems == [
        "README.md would not be true, no report holds the number 99: 99 % of models fail.; run xsb-build release again"
    ]


def test_numbers_that_the_rows_do_not_give(folder: Path) -> None:
    change_report(folder, records=9999)
    told = read_release(folder).problems
    assert "'records' in build_report.json is not what the rows give; run xsb-build release again" in told


def test_files_that_are_others(folder: Path) -> None:
    table = pq.read_table(folder / "xsb" / "dev.parquet")
    pq.write_table(table.slice(1), folder / "xsb" / "dev.parquet")
    told = "\n".join(read_release(folder).problems)
    assert "xsb/dev.parquet is not the file that build_report.json speaks of" in told
    assert "xsb/dev.parquet is not the file that croissant.json speaks of" in told
    assert "'counts' in build_report.json" in told


def test_records_that_break_a_rule(folder: Path) -> None:
    table = pq.read_table(folder / "xsb" / "dev.parquet")
    rows = table.to_pylist()
    rows[0]["pattern"] = "odd"
    pq.write_table(table.from_pylist(rows, table.schema), folder / "xsb" / "dev.parquet")
    assert any("unknown pattern 'odd'" in problem for problem in read_release(folder).problems)
    rows[0]["focus"] = ["never said"] * len(rows[0]["focus"])
    pq.write_table(table.from_pylist(rows, table.schema), folder / "xsb" / "dev.parquet")
    assert any("a row is no record" in problem for problem in read_release(folder).problems)


def test_what_is_no_release(folder: Path) -> None:
    (folder / "thesis.txt").write_text("mine")
    assert read_release(folder).problems == ["thesis.txt does not belong to a release; take it away"]
    (folder / "ms_xsb" / "test.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"the release in .* is damaged \("):
        read_release(folder)
    (folder / "LICENSE").unlink()
    with pytest.raises(InputError, match="lacks LICENSE, so it is no whole release"):
        read_release(folder)
    with pytest.raises(InputError, match="is no folder; make a release there"):
        read_release(folder / "nothing")
