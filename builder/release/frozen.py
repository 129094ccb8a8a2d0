"""The frozen test split: from version 1.0.0 on it stays as it is within a major version, so that results compare."""

from collections.abc import Mapping, Sequence
from typing import Any

from builder.versions import major
from eval.errors import InputError

Rows = Sequence[Mapping[str, Any]]


def check_test_split(old: Mapping[str, Rows], new: Mapping[str, Rows], of: str, to: str, where: str) -> None:
    """Refuse a release that changes the test split of an earlier one of its major version.

    Args:
        old: the rows of the earlier test split, by config.
        new: those of the new one.
        of: the earlier version.
        to: the new version.
        where: what the earlier release is called: its folder, or its repository.

    Raises:
        InputError: a test split would change.
    """
    if major(of) < 1 or major(of) != major(to):
        return
    for name, rows in old.items():
        if [_lasting(row) for row in rows] != [_lasting(row) for row in new[name]]:
            told = f"the test split of {name} in {where} is of version {of} and would change"
            raise InputError(f"{told}; put new records in dev, or raise the major version")


def _lasting(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a result depends on: all but who reviewed the record, and when it came."""
    return {name: value for name, value in row.items() if name not in ("review", "version")}
