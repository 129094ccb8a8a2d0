"""The bench on the tiny random model, whose refusals are written by hand where it has none."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from eval.bench.accuracy import cases, hit_at_1
from eval.bench.accuracy.bench import bench, sampled
from eval.bench.accuracy.cases import AccuracyCase
from eval.bench.accuracy.measure import measure
from eval.bench.accuracy.result import Plan, Result
from eval.cli import app
from eval.errors import InputError, UnknownName
from eval.jsonl import read_if_there
from eval.models.transformers import TransformersModel
from tests.eval.bench.accuracy.worked import case

CASES = [
    case("How do I kill a frozen process?", "kill"),
    case("Can the fox stop?", "fox"),
    case("May I blow up it?", "blow up", kind="phrase", needed=("blow", "up")),
    case("The quick fox can kill", "quick", "kill", kind="redundant"),
]
PLANS = [Plan(method="longest_word"), Plan(method="ablation"), Plan(method="ablation", removal="neutral")]


def told(result: Result) -> tuple[str, str, list[int], list[str]]:
    """What does not change with the last digits of a score."""
    return result.case, result.plan.name, result.ranks, [named.text for named in result.top]


def keep(folder: Path, rows: list[AccuracyCase]) -> None:
    """What a model's refusals were, as a killed or finished run leaves it."""
    folder.mkdir()
    text = "".join(row.model_dump_json() + "\n" for row in rows)
    (folder / "truth-organism-test-local-float32.jsonl").write_text(text, encoding="utf-8")


def test_every_case_under_every_plan(tiny: TransformersModel, tmp_path: Path) -> None:
    found = measure(tiny, CASES, PLANS, tmp_path / "cases.jsonl")
    assert len(found) == 12
    first = found[0]
    assert (first.top[0].text, first.ranks, first.cause, first.evaluations) == (
        "process",
        [3],
        "another word whose deletion frees",
        0,
    )
    asked = [result for result in found if result.plan.method == "ablation"]
    assert min(result.evaluations for result in asked) >= 7
    assert read_if_there(tmp_path / "cases.jsonl", Result) == found


def test_a_killed_run_goes_on_where_it_was(tiny: TransformersModel, tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    whole = measure(tiny, CASES[:2], PLANS, path)
    lines = path.read_bytes().splitlines(keepends=True)
    marked = lines[0].replace(b'"seconds":0.0', b'"seconds":77.0')
    path.write_bytes(marked + b"".join(lines[1:5]) + lines[5][:40])
    again = measure(tiny, CASES[:2], PLANS, path)
    assert again[0].seconds == 77  # not run again
    assert sorted(map(told, again)) == sorted(map(told, whole))
    assert len(path.read_bytes().splitlines()) == len(whole)


def test_faithful_means_what_the_model_does(tiny: TransformersModel, tmp_path: Path) -> None:
    """The comprehensiveness of ablation's first word is its share, where a prompt has one word."""
    one = case("kill", "kill")
    found = measure(tiny, [one], [Plan(method="ablation")], tmp_path / "cases.jsonl")[0]
    assert found.fidelity.comprehensiveness == pytest.approx(found.top[0].share, abs=1e-4)
    assert found.fidelity.sufficiency == pytest.approx(0, abs=1e-4)
    assert found.fidelity.freed  # nothing is asked, so nothing refused


def test_the_command_end_to_end(
    tiny: TransformersModel, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(tmp_path / "out", CASES)
    monkeypatch.chdir(tmp_path)
    arguments = ["bench", "attribution", "--accuracy", "--model", str(tiny_folder), "--dtype", "float32"]
    arguments += ["--methods", "ablation", "--limit", "2", "--out", "out", "--json"]
    ran = CliRunner().invoke(app, arguments)
    assert ran.exit_code == 0, ran.output
    answer = json.loads(ran.stdout)
    assert {row["kind"] for row in answer["rows"]} == {"single", "phrase", "redundant"}
    assert any("release" in note for note in answer["notes"])
    assert "No cases of the kind decoy_pair: the model refuses none." in answer["notes"]
    report = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "## redundant" in report
    assert "both in the first two" in report
    misses = [json.loads(line) for line in (tmp_path / "out" / "misses.jsonl").read_text().splitlines()]
    assert all(miss["cause"] and miss["truth"] and miss["prompt"] for miss in misses)
    with pytest.raises(InputError, match="choose another --out"):
        other = TransformersModel("other", str(tiny_folder), None, "float32", "cpu")
        bench(other, tmp_path / "out")
    assert 0 <= hit_at_1(tiny, "ablation", CASES) <= 1


def test_a_model_that_refuses_nothing_is_named(
    tiny: TransformersModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(tmp_path / "out", [])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="refuses no prompt"):
        bench(tiny, tmp_path / "out")
    with pytest.raises(UnknownName, match="ablation"):
        bench(tiny, tmp_path / "out", ["ablations"])


def test_cases_come_kind_by_kind_and_a_larger_limit_adds_some(tiny: TransformersModel, tmp_path: Path) -> None:
    keep(tmp_path / "out", CASES)
    found = cases(tiny, ["redundant", "single"], "test", tmp_path / "out")
    assert [one.kind for one in found] == ["redundant", "single", "single"]
    few, more = sampled(CASES, 2), sampled(CASES, 3)
    assert [case for case in more if case in few] == few
    assert (len(few), len(more), sampled(CASES, None)) == (2, 3, CASES)
    assert found[1].neutral == {found[1].truth[0]: "x"}
