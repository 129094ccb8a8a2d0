"""Every account has a name as a reviewer, and no account that of another."""

import pytest

from builder.review.opinion import TAKEN, checked_name
from space_app.review.account import reviewer_of

ACCOUNTS = (
    "anna", "bert-2", "Carla", "a-b", "a_b", "a.b", "A.B.", "_", "-", "Ünal", "adjudicated", "replaced", "a--b",
    "a-b-0123456789ab",
)  # fmt: skip


@pytest.mark.parametrize("account", ACCOUNTS)
def test_the_name_is_a_file_s_name(account: str) -> None:
    name = reviewer_of(account)
    assert checked_name(name) == name and f"{name}.jsonl" not in TAKEN


def test_a_name_that_can_stay_stays() -> None:
    assert [reviewer_of(account) for account in ("anna", "bert-2", "Carla")] == ["anna", "bert-2", "carla"]


def test_no_account_has_the_name_of_another() -> None:
    made = reviewer_of("a_b")
    names = [reviewer_of(account) for account in (*ACCOUNTS, made, reviewer_of(made))]
    assert len(set(names)) == len(names)
