"""What publishing would do is looked at before anything is sent."""

import os
from pathlib import Path

import pytest

from hub_cards.errors import HubError
from hub_cards.plan import LIMIT, check_size


def test_two_gigabytes_are_refused_before_anything_is_read(tmp_path: Path) -> None:
    large = tmp_path / "large.parquet"
    with large.open("wb") as file:
        file.truncate(2_000_000_000)
    with pytest.raises(HubError, match="2,000 MB are more than the 200 MB"):
        check_size([large])
    os.truncate(large, LIMIT)
    check_size([large])
