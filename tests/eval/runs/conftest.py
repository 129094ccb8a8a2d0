from pathlib import Path

import pytest

from tests.eval.runs.worked import RUN, made, sampled


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of the run that was made by hand."""
    return made(tmp_path / "run", [sampled(record, m) for m in ("none", "steer") for record in RUN])
