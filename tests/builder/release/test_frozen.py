"""The test split is frozen within a major version, from 1.0.0 on."""

from typing import Any

import pytest

from builder.release.frozen import check_test_split
from eval.errors import InputError


def row(**other: Any) -> dict[str, Any]:
    return {"id": "a", "why": "Said.", "version": "1.0.0", "review": None, **other}


def test_the_test_split_is_frozen_from_1_0_0_on() -> None:
    old, new = {"ms_xsb": [], "xsb": [row()]}, {"ms_xsb": [], "xsb": [row(why="Else.")]}
    told = "the test split of xsb in lab/xsb is of version 1.0.0 and would change; put new records in dev, or raise"
    with pytest.raises(InputError, match=told):
        check_test_split(old, new, "1.0.0", "1.1.0", "lab/xsb")
    check_test_split(old, new, "1.0.0", "2.0.0", "lab/xsb")
    check_test_split(old, new, "0.1.0", "0.2.0", "lab/xsb")


def test_who_reviewed_a_record_and_when_it_came_may_change() -> None:
    reviewed = row(version="1.1.0", review={"status": "accepted"})
    check_test_split({"xsb": [row()]}, {"xsb": [reviewed]}, "1.0.0", "1.1.0", "lab/xsb")


def test_no_record_comes_or_goes() -> None:
    for old, new in (([row()], []), ([], [row()])):
        with pytest.raises(InputError, match="would change"):
            check_test_split({"xsb": old}, {"xsb": new}, "10.0.0", "10.0.1", "lab/xsb")
