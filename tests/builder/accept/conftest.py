"""A small collection of records."""

from pathlib import Path

import pytest

from tests.builder.accept.collection import small_collection


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """The folder."""
    return small_collection(tmp_path)
