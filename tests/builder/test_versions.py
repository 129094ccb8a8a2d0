"""Versions: the highest of the records by its numbers, and the one in which new records come."""

import shutil
from pathlib import Path

import pytest

from builder.shipped import RECORDS
from builder.source.read import read_folder
from builder.versions import highest, major, next_version


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("homonyms.yaml", "definition.yaml"):
        shutil.copy(RECORDS / "xsb" / name, tmp_path)
    return tmp_path


@pytest.mark.parametrize(("version", "following"), [("0.9.4", "0.10.0"), ("1.0.0", "1.1.0"), ("next", "0.2.0")])
def test_the_next_version(folder: Path, version: str, following: str) -> None:
    file = folder / "definition.yaml"
    file.write_text(file.read_text().replace('version: "0.1.0"', f'version: "{version}"'))
    assert next_version(folder) == following


def test_the_first_version(tmp_path: Path) -> None:
    assert next_version(tmp_path) == "0.1.0"


def test_versions_are_numbers(folder: Path) -> None:
    records = read_folder(folder)[0]
    assert highest(records) == "0.1.0" and major("10.2.3") == 10
    later = [records[0].model_copy(update={"version": version}) for version in ("0.10.0", "0.9.9")]
    assert highest([*records, *later]) == "0.10.0"
