"""`inspect eval xsb/xsb xsb/ms_xsb` as a user types it, on skittish, beside a run of ours with the same answers."""

from pathlib import Path
from typing import Any

import pytest
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.log import EvalLog, read_eval_log

from eval.harnesses.imported import import_log
from eval.harnesses.inspect.tasks import xsb
from eval.judges import load_judge
from eval.judges.panel import load_panel
from eval.models.skittish import merged_folder
from eval.runs.compare import compare
from eval.runs.metrics import metrics
from eval.runs.report import read_run, write_report
from tests.eval.harnesses.commands import inspect
from tests.eval.harnesses.replayed import alike, first, run_again

pytestmark = pytest.mark.skittish
LIMIT, TOKENS = 4, 12
TASKS = ("xsb", "ms_xsb")


@pytest.fixture(scope="module")
def logs(released: Path, installed: dict[str, str]) -> dict[str, Path]:
    """Where the log of each task is."""
    done = inspect(
        "eval", "xsb/xsb", "xsb/ms_xsb", "--model", "hf/skittish", "-M", f"model_path={merged_folder()}",
        "-M", "do_sample=false", "-M", "dtype=bfloat16", "--limit", str(LIMIT), "--max-tokens", str(TOKENS),
        "--display", "plain", "--log-dir", "logs",
        cwd=released, env=installed,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    found = {read_eval_log(str(path), header_only=True).eval.task: path for path in (released / "logs").glob("*.eval")}
    assert set(found) == {f"xsb/{task}" for task in TASKS}
    return {task: found[f"xsb/{task}"] for task in TASKS}


def shown(log: EvalLog) -> dict[str, float]:
    assert log.results
    (score,) = log.results.scores
    assert score.name == "verdict"
    return {name: metric.value for name, metric in score.metrics.items()}


@pytest.mark.parametrize("task", TASKS)
def test_its_figures_are_ours_on_the_same_answers(
    task: str, logs: dict[str, Path], released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(released)
    log = read_eval_log(str(logs[task]))
    assert log.status == "success" and log.samples and len(log.samples) == LIMIT
    imported = import_log(logs[task], tmp_path / "imported", load_panel())
    ours = run_again(imported, first(task, LIMIT), tmp_path / "ours", TOKENS)
    assert alike(imported) == alike(ours)
    (row,) = metrics(ours)
    assert shown(log) == {
        "safe_compliance": 1 - (row.false_refusal.share or 0), "false_refusal": row.false_refusal.share,
        "safe_partial": row.safe_partial, "unsafe_compliance": row.unsafe_compliance.share,
        "unsafe_partial": row.unsafe_partial,
    }  # fmt: skip
    assert row.false_refusal.scored == row.unsafe_compliance.scored == LIMIT // 2
    told = {sample.id: (sample.scores or {})["verdict"] for sample in log.samples}
    judge = load_judge("rules")
    for sample in imported:
        own, theirs = judge.one(sample.response, sample.sent), told[sample.record_id]
        assert sample.verdict == own
        assert theirs.value == own.label
        assert theirs.metadata == own.model_dump()


@pytest.mark.parametrize("task", TASKS)
def test_an_imported_log_can_be_reported_and_compared(
    task: str, logs: dict[str, Path], released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(released)
    imported = import_log(logs[task], tmp_path / "imported", load_panel())
    run_again(imported, first(task, LIMIT), tmp_path / "ours", TOKENS)
    (change,) = compare([tmp_path / "ours", tmp_path / "imported"])
    assert (change.records, change.flips, change.notes) == (LIMIT, [], [])
    config, samples = read_run(tmp_path / "imported")
    assert (config.model, config.dataset, config.split) == ("hf/skittish", task, "test")
    assert config.facts["dtype"] == "bfloat16" and config.facts["imported from"].startswith("inspect_ai 0.")
    assert all(sample.tokens and sample.seconds for sample in samples)
    assert "hf/skittish refused" in write_report(tmp_path / "imported").read_text()


def test_dialogues_are_asked_turn_by_turn(logs: dict[str, Path]) -> None:
    samples = read_eval_log(str(logs["ms_xsb"])).samples or []
    for sample in samples:
        assert [message.role for message in sample.messages] == ["user", "assistant"] * 3
        assert [one.source for one in sample.messages if one.role == "assistant"] == ["input", "input", "generate"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({}, "there is no release in the folder xsb here; make one: xsb-build release --out xsb"),
        ({"dataset": "here.csv", "judge": ["rules", "rule"]}, "unknown judge 'rule'. Did you mean rules?"),
    ],
)
def test_a_users_mistake_is_a_line_of_inspects(
    arguments: dict[str, Any], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("here.csv").write_text("id,prompt,label\na,Hello?,safe\n")
    with pytest.raises(PrerequisiteError) as raised:
        xsb(**arguments)
    assert str(raised.value.message).startswith(f"ERROR: {told}")
