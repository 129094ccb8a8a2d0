"""A desk with the test's candidates."""

from pathlib import Path

import pytest

from space_app.review.desk import Desk
from tests.browser.candidates import ALL
from tests.space_app.review.desks import desk_in


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_in(tmp_path, ALL)
