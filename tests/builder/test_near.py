"""Near-duplicates against the definition, pair by pair."""

import random
import time

import pytest

from builder.near import near, near_duplicates


def test_near_by_hand() -> None:
    assert near("abcdef", "abcdef") == 1.0
    assert near("ABCDEF", "abcdef") == 1.0
    assert near("abcdef", "uvwxyz") == 0.0
    assert near("abcdef", "bcdefg") == pytest.approx(1 / 3)  # abcde bcdef | bcdef cdefg
    assert near("abc", "abc") == 1.0 and near("abc", "abd") == 0.0


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 0.7, 0.9])
def test_near_duplicates_are_all_found(threshold: float) -> None:
    """Against the definition on all pairs; texts with few words, so that many similarities occur, bounds included."""
    pick = random.Random(3)
    words = ["kill", "the", "process", "lamp", "a", "portrait", "of", "Kiln"]
    texts, others = ([" ".join(pick.choices(words, k=pick.randint(0, 7))) for _ in range(n)] for n in (80, 120))
    expected = [(i, j, near(a, b)) for i, a in enumerate(texts) for j, b in enumerate(others) if near(a, b) > threshold]
    assert len(expected) > 5
    assert near_duplicates(texts, others, threshold) == expected


def test_threshold_itself_is_allowed() -> None:
    a, b = "abcdefgh", "bcdefghi"  # 3 of 5 grams shared
    assert near(a, b) == 0.6
    assert near_duplicates([a], [b], 0.6) == []
    assert near_duplicates([a], [b], 0.59) == [(0, 0, 0.6)]


def test_threshold_out_of_range() -> None:
    with pytest.raises(ValueError, match=r"threshold 1\.0 is not in \[0, 1\)"):
        near_duplicates(["a"], ["b"], 1.0)


def test_near_duplicates_of_thousands_take_seconds() -> None:
    pick = random.Random(4)
    words = ["".join(pick.choices("abcdefghijklmnopqrst", k=5)) for _ in range(300)]
    texts, others = ([" ".join(pick.choices(words, k=18)) for _ in range(n)] for n in (2000, 4000))
    others[77] = texts[5] + " indeed"
    start = time.monotonic()
    found = near_duplicates(texts, others)
    assert [(i, j) for i, j, _ in found] == [(5, 77)]
    assert time.monotonic() - start < 30  # about one second on an idle core
