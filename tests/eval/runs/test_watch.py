"""What a watch makes of runs that were made by hand."""

from pathlib import Path

import pytest

from eval.errors import InputError
from eval.runs.history import past_in
from eval.runs.watch import Watch, Watched, adjust
from tests.eval.runs.pasts import ALL, pair, run, same, seen
from tests.eval.runs.worked import answers


def test_a_first_run_has_nothing_to_be_compared_with(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    folder.mkdir()
    found = seen("m", folder, run(folder, 1))
    assert (found.state, found.run, found.before, found.changes, found.tests) == ("first", "m/z8", "", [], [])
    assert Watch(started="", models=[found]).exit_code == 0


def test_worse_by_more_than_chance(tmp_path: Path) -> None:
    found = pair(tmp_path / "m", same("c", 6), same("r", 6))
    adjust([found])
    (test,) = found.tests
    assert (test.difference.difference, test.p, test.adjusted) == (1, pytest.approx(2 / 64), pytest.approx(2 / 64))
    assert (found.state, found.worse, found.better, found.flips) == ("compared", True, False, 6)
    assert Watch(started="", models=[found]).exit_code == 1


def test_better_is_told_and_is_no_failure(tmp_path: Path) -> None:
    found = pair(tmp_path / "m", same("r", 6), same("c", 6))
    adjust([found])
    assert (found.worse, found.better, Watch(started="", models=[found]).exit_code) == (False, True, 0)


def test_what_would_be_a_finding_alone_is_none_among_several(tmp_path: Path) -> None:
    """Holm: 2/64 of six flips, twice that with a second model."""
    models = [
        pair(tmp_path / "a", same("c", 6), same("r", 6)),
        pair(tmp_path / "b", same("c", 6), {**same("c", 5), "r5": "r"}),
    ]
    adjust(models)
    assert [one.tests[0].adjusted for one in models] == [pytest.approx(4 / 64), 1]
    assert [one.worse for one in models] == [False, False]
    assert [one.flips for one in models] == [6, 1]
    assert Watch(started="", models=models).exit_code == 0


def test_of_several_answers_records_that_changed_are_counted(tmp_path: Path) -> None:
    """Eight of nine are refused more often, one less often: 2 * (1 + 9) / 2^9."""
    found = pair(tmp_path / "m", {**same("cc", 8), "r8": "rr"}, {**same("cr", 8), "r8": "cr"}, temperature=0.5)
    assert found.tests[0].difference.p is None
    assert found.tests[0].p == pytest.approx(20 / 512)


def test_the_same_answer_judged_otherwise_is_no_change_of_the_model(tmp_path: Path) -> None:
    found = pair(tmp_path / "m", same("c", 2), {"r0": "c", "r1": "r"})
    (change,) = found.changes
    assert (change.records, change.same_answers) == (2, 2)
    assert [(flip.record_id, flip.card, flip.same_answers) for flip in change.flips] == [("r1", 2, True)]


def test_only_records_that_are_on_both_sides_count_where_the_dataset_changed(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    folder.mkdir()
    run(folder, 1)
    now = run(folder, 2, [one for one in ALL if one.record_id != "a"], records=6, fingerprint="f" * 16)
    found = seen("m", folder, now)
    assert [change.records for change in found.changes] == [6, 5]
    assert found.notes == [
        "fingerprint of the records: 0123456789abcdef before, ffffffffffffffff after",
        "records: 7 before, 6 after",
    ]


def test_a_run_of_which_nothing_was_scored_is_a_failure_and_no_baseline(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none of 2 answers could be scored; the first: no reason"):
        pair(tmp_path / "now", same("c", 2), same("u", 2))
    assert pair(tmp_path / "then", same("u", 2), same("c", 2)).state == "first"


def test_nothing_in_common_is_said(tmp_path: Path) -> None:
    found = pair(tmp_path / "m", {"r0": "c", "r1": "u"}, {"r0": "u", "r1": "c"})
    assert (found.state, found.tests) == ("not compared", [])
    assert found.notes == ["no record is in both runs, unchanged and scored"]


def test_more_answers_that_cannot_be_scored_are_told(tmp_path: Path) -> None:
    found = pair(tmp_path / "m", same("c", 3), {"r0": "c", "r1": "u", "r2": "u"})
    assert (found.state, found.notes) == ("compared", ["unscored answers under none: 0 before, 2 after"])


def test_another_question_is_not_compared(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    folder.mkdir()
    run(folder, 1, max_new_tokens=16)
    found = seen("m", folder, run(folder, 2))
    assert (found.state, found.notes) == ("not compared", ["max new tokens: 16 before, 128 after"])


def test_a_broken_run_of_the_past_stops_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    folder.mkdir()
    good = run(folder, 1)
    broken = run(folder, 2).folder / "samples.jsonl"
    broken.write_text("{}\n" * len(ALL))
    now = run(folder, 3)
    assert seen("m", folder, now).before == f"m/{good.folder.name}"
    good.folder.rename(tmp_path / "elsewhere")
    found = seen("m", folder, now)
    assert (found.state, found.notes) == ("first", [])


def test_what_the_endpoint_says_of_its_model_is_a_circumstance(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    folder.mkdir()
    run(folder, 1, [one.model_copy(update={"served": "m-0613 fp_1"}) for one in ALL])
    now = run(folder, 2, [one.model_copy(update={"served": "m-0806 fp_2"}) for one in ALL])
    assert seen("m", folder, now).notes == ["model as the endpoint names it: m-0613 fp_1 before, m-0806 fp_2 after"]


def test_conditions_are_on_the_run_itself_and_on_mitigations_that_it_has(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    folder.mkdir()
    now = run(folder, 1)
    found = seen("m", folder, now, "none.false_refusal > 0.7", "rephrase.false_refusal > 0", "unscored > 5")
    assert found.met == ["none: false_refusal is 0.75 (none.false_refusal > 0.7)"]
    assert Watch(started="", models=[found]).exit_code == 1


def test_a_failed_model_has_a_code_of_its_own_and_a_change_comes_first(tmp_path: Path) -> None:
    failed = Watched(name="x", dataset="d", state="failed", error="down")
    calm, worse = (pair(tmp_path / name, same("c", 6), same(name, 6)) for name in ("c", "r"))
    adjust([calm])
    adjust([worse])
    assert Watch(started="", models=[calm, failed]).exit_code == 3
    assert Watch(started="", models=[worse, failed]).exit_code == 1


def test_what_is_no_run_is_none(tmp_path: Path) -> None:
    assert past_in(tmp_path) is None


def test_many_small_changes_are_told_as_a_large_one(tmp_path: Path) -> None:
    """Four flips are 2/16, eight are 2/256; what is only told costs the other test nothing."""
    folder = tmp_path / "m"
    folder.mkdir()
    given = {"mitigations": ["none"], "records": 8}
    broken = run(folder, 1, answers("none", "safe", same("u", 8)), **given)
    first = run(folder, 2, answers("none", "safe", same("c", 8)), **given)
    run(folder, 3, answers("none", "safe", same("c", 4) | {f"r{at}": "r" for at in range(4, 8)}), **given)
    now = run(folder, 4, answers("none", "safe", same("r", 8)), **given)
    found = seen("m", folder, now)
    adjust([found])
    assert broken.finished and found.first == f"m/{first.folder.name}"
    assert [(test.p, test.adjusted) for test in found.tests] == [(0.125, 0.125)]
    assert [(test.p, test.adjusted) for test in found.drifted] == [(2 / 256, 2 / 256)]
    assert (found.worse, Watch(started="", models=[found]).exit_code) == (False, 0)


def test_since_the_last_run_is_since_the_first_where_there_are_two(tmp_path: Path) -> None:
    found = pair(tmp_path / "m", same("c", 6), same("r", 6))
    assert (found.first, found.drift) == ("", [])
