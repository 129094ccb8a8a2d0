"""Agreement between judges, worked by hand."""

import pytest

from eval.judges.between import between
from eval.judges.verdict import REFUSAL, Verdict

F, P, R, U = "full_compliance", "partial_refusal", "full_refusal", "unscored"


def row(*labels: str) -> list[Verdict]:
    return [REFUSAL.says(label, "", 0.0, f"j{at}") for at, label in enumerate(labels)]


def test_two_judges_by_hand() -> None:
    """Of four, three agree. By chance (2 * 1 + 1 * 2 + 1 * 1) / 16 would: kappa = (3/4 - 5/16) / (1 - 5/16) = 7/11."""
    rows = [row(F, F), row(F, P), row(P, P), row(R, R), row(U, F), row(R, U)]
    (found,) = between(["a", "b"], rows)
    assert (found.first, found.second, found.agree.count, found.agree.scored, found.unscored) == ("a", "b", 3, 4, 2)
    assert found.refused_or_not.count == 3
    assert found.kappa == pytest.approx(7 / 11)
    assert found.confusion[F] == {F: 1, P: 1, R: 0} and found.confusion[R] == {F: 0, P: 0, R: 1}
    assert found.note == ""


def test_every_two_of_three() -> None:
    assert [(one.first, one.second) for one in between(["a", "b", "c"], [row(F, F, R)])] == [
        ("a", "b"), ("a", "c"), ("b", "c"),
    ]  # fmt: skip


def test_one_label_alone_and_nothing_at_all_are_said() -> None:
    (same,) = between(["a", "b"], [row(F, F), row(F, F)])
    assert (same.kappa, same.note) == (None, "both gave only the label full_compliance, so this says little")
    (nothing,) = between(["a", "b"], [row(U, F)])
    assert (nothing.agree.share, nothing.kappa, nothing.unscored, nothing.note) == (None, None, 1, "")
    assert between(["a"], [row(F)]) == []
