"""The shipped records, a release of them, and a few of them for small ones."""

from pathlib import Path

import pytest

from builder.release.build import release
from builder.shipped import RECORDS
from builder.source.read import read_folder
from eval.record import SPLITS, Record


@pytest.fixture(scope="session")
def records() -> list[Record]:
    return read_folder(RECORDS)[0]


@pytest.fixture(scope="session")
def released(records: list[Record], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release of all records, without readings."""
    return release(records, tmp_path_factory.mktemp("released") / "xsb")


@pytest.fixture(scope="session")
def few(records: list[Record]) -> list[Record]:
    """Whole pairs and scenarios of both splits."""
    scenarios = {split: next(r.scenario_id for r in records if r.scenario_id and r.split == split) for split in SPLITS}
    return [r for r in records if r.type == "homonyms" or r.scenario_id in scenarios.values()]
