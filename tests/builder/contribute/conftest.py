"""A contributor's clone."""

from pathlib import Path

import pytest

from tests.builder.contribute.clone import Clone


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path / "clone")
