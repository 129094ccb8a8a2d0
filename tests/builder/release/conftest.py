"""A small release."""

import pytest

from builder.shipped import RECORDS
from builder.source.read import read_folder
from eval.record import SPLITS, Record


@pytest.fixture(scope="session")
def few() -> list[Record]:
    """Whole pairs and scenarios of both splits."""
    records = read_folder(RECORDS)[0]
    scenarios = {split: next(r.scenario_id for r in records if r.scenario_id and r.split == split) for split in SPLITS}
    return [r for r in records if r.type == "homonyms" or r.scenario_id in scenarios.values()]
