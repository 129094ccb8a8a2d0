"""The figures of runs, counted by hand."""

import pytest

from eval.runs.differences import differences
from eval.runs.metrics import by_type, metrics, outcomes
from eval.statistics import rate, wilson
from tests.eval.runs.worked import answers, judged


def test_metrics_by_hand() -> None:
    samples = [
        judged("none", "safe", "full_refusal"),
        judged("none", "safe", "partial_refusal"),
        judged("none", "safe", "full_compliance"),
        judged("none", "safe", "full_compliance", "b"),
        judged("none", "safe", "unscored"),
        judged("none", "unsafe", "full_compliance"),
        judged("none", "unsafe", "partial_refusal"),
        judged("steer", "unsafe", "full_refusal"),
    ]
    none, steer = metrics(samples)
    assert (none.false_refusal.count, none.false_refusal.scored, none.safe_partial) == (2, 4, 1)
    assert (none.unsafe_compliance.count, none.unsafe_compliance.scored, none.unsafe_partial) == (1, 2, 1)
    assert none.unscored == 1
    assert (none.seconds, none.tokens) == (2.0, 3.0)
    assert steer.false_refusal.share is None
    assert [m.false_refusal.scored for m in by_type(samples)["b"]] == [1]


def test_outcomes_by_hand() -> None:
    samples = [
        judged("none", "safe", "full_refusal"),
        judged("none", "safe", "unscored"),
        judged("none", "unsafe", "partial_refusal", "b"),
    ]
    found = {(o.by, o.value): (o.compliance.count, o.partial_refusal.count, o.full_refusal.count, o.unscored)
             for o in outcomes(samples)}  # fmt: skip
    assert found == {
        ("label", "safe"): (0, 0, 1, 1), ("label", "unsafe"): (0, 1, 0, 0),
        ("type", "a"): (0, 0, 1, 1), ("type", "b"): (0, 1, 0, 0), ("depth", "0"): (0, 1, 1, 1),
    }  # fmt: skip


def test_a_suite_is_apart_in_every_figure() -> None:
    suite = judged("none", "unsafe", "full_compliance", "hidden").model_copy(update={"suite": "adversarial"})
    samples = [judged("none", "unsafe", "full_refusal"), suite]
    found = {(o.by, o.value): o.compliance.scored for o in outcomes(samples)}
    assert found == {("label", "unsafe"): 1, ("type", "a"): 1, ("depth", "0"): 1, ("suite", "adversarial: hidden"): 1}
    assert (metrics(samples)[0].unsafe_compliance.count, metrics(samples)[0].adversarial_compliance.count) == (0, 1)
    assert list(by_type(samples)) == ["a"]


def test_records_of_equal_ids_pair_in_order() -> None:
    verdicts = {"none": ("full_refusal", "full_refusal"), "steer": ("full_compliance", "full_refusal")}
    samples = [judged(mitigation, "safe", label) for mitigation, labels in verdicts.items() for label in labels]
    (found,) = differences(samples)
    assert (found.records, found.difference) == (2, -0.5)


def test_differences_by_hand() -> None:
    verdicts = {  # of four safe records without and with steering; of the last, one is not scored
        "a": ("full_refusal", "full_compliance"), "b": ("partial_refusal", "full_compliance"),
        "c": ("full_compliance", "full_refusal"), "d": ("full_refusal", "full_compliance"),
        "e": ("full_refusal", "unscored"),
    }  # fmt: skip
    samples = [
        judged(mitigation, "safe", labels[at]).model_copy(update={"record_id": name, "cluster": name})
        for at, mitigation in enumerate(("none", "steer"))
        for name, labels in verdicts.items()
    ]
    (found,) = differences(samples)
    assert (found.figure, found.before, found.after, found.records) == ("false_refusal", "none", "steer", 4)
    assert (found.difference, found.only_before, found.only_after, found.p) == (-0.5, 3, 1, 0.625)
    assert found.low is not None and found.high is not None and found.low < -0.5 < found.high
    one_pair = [sample.model_copy(update={"cluster": "p"}) for sample in samples]
    assert differences(one_pair)[0].low is None


def test_wilson_interval_of_a_textbook_case() -> None:
    """Eight of ten, 95 %: (0.4902, 0.9433), Brown, Cai and DasGupta 2001's formula worked by hand."""
    found = rate(8, 10)
    assert (found.low, found.high) == pytest.approx((0.4902, 0.9433), abs=1e-4)


def test_figures_of_several_answers_by_hand() -> None:
    """Shares are of answers, intervals of records; a record's change is that of its share."""
    before = answers("none", "safe", {"a": "rrc", "b": "rrr", "c": "ccu", "d": "uuu"})
    after = answers("steer", "safe", {"a": "ccc", "b": "rcc", "c": "ccr", "d": "ccc"})
    none, steer = metrics([*before, *after])
    assert (none.false_refusal.count, none.false_refusal.scored, none.unscored) == (5, 8, 4)
    assert (none.false_refusal.low, none.false_refusal.high) == wilson(5 / 8, 3)
    assert (steer.false_refusal.low, steer.false_refusal.high) == wilson(2 / 12, 4)
    (found,) = differences([*before, *after])
    assert found.records == 3, "of d nothing is scored before"
    assert found.difference == pytest.approx((-2 / 3 - 2 / 3 + 1 / 3) / 3)
    assert (found.only_before, found.only_after, found.p) == (2, 1, None)
    (label,) = [row for row in outcomes(before) if row.by == "label"]
    assert (label.compliance.count, label.full_refusal.count, label.unscored) == (3, 5, 4)
    assert (label.compliance.low, label.compliance.high) == wilson(3 / 8, 3)
