import pytest
from scipy.stats import binomtest

from eval.statistics import Mean, Paired, clustered_mean, holm, mcnemar, mean, rate, sign_test


def test_wilson_interval_worked_by_hand() -> None:
    """Of 9 in 10: centre (0.9 + z^2/20) / (1 + z^2/10), half width z * sqrt(0.009 + z^2/400) / (1 + z^2/10)."""
    z = 1.959964
    centre, half = (0.9 + z**2 / 20) / (1 + z**2 / 10), z * (0.009 + z**2 / 400) ** 0.5 / (1 + z**2 / 10)
    found = rate(9, 10)
    assert (found.low, found.high) == (pytest.approx(centre - half), pytest.approx(centre + half))


@pytest.mark.parametrize(("count", "scored"), [(0, 1), (0, 7), (3, 7), (7, 7), (120, 938)])
def test_wilson_interval_is_that_of_scipy(count: int, scored: int) -> None:
    found, wanted = rate(count, scored), binomtest(count, scored).proportion_ci(0.95, method="wilson")
    assert (found.low, found.high) == (pytest.approx(wanted.low), pytest.approx(wanted.high))


def test_several_answers_to_a_record_make_no_narrower_interval() -> None:
    """Three answers to each of ten records say of the interval what ten answers would."""
    few, many = rate(4, 10), rate(12, 30, 10)
    assert (many.count, many.scored, many.share) == (12, 30, few.share)
    assert (many.low, many.high) == (few.low, few.high)


def test_mcnemar_worked_by_hand() -> None:
    """One case only the first gets right, five only the second: p = 2 * (1 + 6) / 2^6."""
    first = [True, False, False, False, False, False, True, False]
    second = [False, True, True, True, True, True, True, False]
    assert mcnemar(first, second) == Paired(1, 5, pytest.approx(14 / 64))


def test_methods_that_never_differ() -> None:
    assert mcnemar([True, False], [True, False]) == Paired(0, 0, 1.0)


def test_holm_worked_by_hand() -> None:
    """4 * 0.005, 3 * 0.01, 2 * 0.03, and 0.04, which may not be less than the one before it."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([]) == []


def test_sign_test_worked_by_hand() -> None:
    assert sign_test(1, 5) == pytest.approx(14 / 64)
    assert sign_test(0, 0) == 1.0


def test_bootstrap_of_a_mean() -> None:
    assert mean([1.0, 1.0, 1.0]) == Mean(1.0, 1.0, 1.0)
    assert mean([0.5]) == Mean(0.5, None, None)
    value, low, high = mean([0.0, 1.0] * 50)
    assert value == 0.5
    assert low == pytest.approx(0.4, abs=0.02)  # 1.96 * 0.5 / sqrt(100) to each side
    assert high == pytest.approx(0.6, abs=0.02)
    assert mean([0.0, 1.0] * 50) == (value, low, high)


def test_clusters_count_as_one() -> None:
    """Ten clusters of ten equal values tell no more than ten values: an interval wider by the root of ten."""
    wide = clustered_mean(
        [float(i % 2) for i in range(10) for _ in range(10)], [i for i in range(10) for _ in range(10)]
    )
    narrow = mean([float(i % 2) for i in range(10) for _ in range(10)])
    assert wide.value == narrow.value == 0.5
    assert wide.high is not None and wide.low is not None and narrow.high is not None and narrow.low is not None
    assert (wide.high - wide.low) / (narrow.high - narrow.low) == pytest.approx(10**0.5, rel=0.15)


def test_one_cluster_has_no_interval() -> None:
    assert clustered_mean([1.0, 0.0], ["a", "a"]) == Mean(0.5, None, None)
