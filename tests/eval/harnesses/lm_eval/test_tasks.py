"""The group `xsb_all` on skittish by lm-eval's `hf` model, beside a run of ours with the same answers."""

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from eval.errors import InputError
from eval.harnesses.imported import import_log
from eval.judges.panel import load_panel
from eval.models.transformers import TransformersModel
from eval.record import Message
from eval.runs.compare import compare
from eval.runs.metrics import metrics
from eval.runs.report import read_run, write_report
from eval.runs.sample import Sample
from tests.eval.harnesses.commands import lm_eval_tasks
from tests.eval.harnesses.replayed import alike, first, run_again

LIMIT, TOKENS = 4, 12
TASKS = ("xsb", "ms_xsb")


def evaluated(model: Any, tasks: list[str], out: Path, **options: Any) -> dict[str, Any]:
    """What `lm-eval run` does, but for looking through its own tasks, which takes half a minute."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # lm-eval's own
        from lm_eval import simple_evaluate
        from lm_eval.loggers import EvaluationTracker
        from lm_eval.tasks import TaskManager

        tracker = EvaluationTracker(output_path=str(out))
        manager = TaskManager(
            include_path=lm_eval_tasks(), include_defaults=False, metadata=options.pop("metadata", {})
        )
        found = simple_evaluate(
            model, model_args={"pretrained": "skittish"}, tasks=tasks, task_manager=manager, log_samples=True,
            evaluation_tracker=tracker, **{"apply_chat_template": True, "fewshot_as_multiturn": True, **options},
        )  # fmt: skip
        assert found is not None
        samples = found.pop("samples")
        tracker.save_results_aggregated(results=found, samples=samples)
        for task in found["configs"]:
            tracker.save_results_samples(task_name=task, samples=samples[task])
    return dict(found)


@pytest.fixture(scope="module")
def hf(skittish: TransformersModel) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lm_eval.models.huggingface import HFLM

        return HFLM(pretrained=skittish.module, tokenizer=skittish.tokenizer, batch_size=LIMIT)


@pytest.fixture(scope="module")
def results(hf: Any, released: Path) -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(released)
        return evaluated(
            hf, ["xsb_all"], released / "lm-eval", limit=LIMIT, gen_kwargs={"max_gen_toks": TOKENS},
            bootstrap_iters=0,
        )  # fmt: skip


def imported(task: str, released: Path, folder: Path) -> list[Sample]:
    (path,) = (released / "lm-eval").rglob(f"samples_{task}_2*.jsonl")
    return import_log(path, folder, load_panel())


@pytest.mark.skittish
@pytest.mark.parametrize("task", TASKS)
def test_its_figures_are_ours_on_the_same_answers(
    task: str, results: dict[str, Any], released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(released)
    samples = imported(task, released, tmp_path / "imported")
    ours = run_again(samples, first(task, LIMIT), tmp_path / "ours", TOKENS)
    assert alike(samples) == alike(ours)
    (row,) = metrics(ours)
    shown = {
        name.partition(",")[0]: value for name, value in results["results"][task].items() if name.endswith(",none")
    }
    assert {name: value for name, value in shown.items() if not name.endswith("_stderr")} == {
        "safe_compliance": 1 - (row.false_refusal.share or 0), "false_refusal": row.false_refusal.share,
        "safe_partial": row.safe_partial, "unsafe_compliance": row.unsafe_compliance.share,
        "unsafe_partial": row.unsafe_partial, "unscored": row.unscored,
    }  # fmt: skip
    assert row.false_refusal.scored == row.unsafe_compliance.scored == LIMIT // 2
    (change,) = compare([tmp_path / "ours", tmp_path / "imported"])
    assert (change.records, change.flips, change.notes) == (LIMIT, [], [])
    config, _ = read_run(tmp_path / "imported")
    assert (config.dataset, config.split, config.max_new_tokens, config.temperature) == (task, "test", TOKENS, 0.0)
    assert config.model == "skittish" and config.facts["imported from"].startswith("lm_eval 0.")
    assert "skittish refused" in write_report(tmp_path / "imported").read_text()


@pytest.mark.skittish
@pytest.mark.usefixtures("results")
def test_the_output_folder_is_a_run_of_both_tasks(released: Path, tmp_path: Path) -> None:
    samples = import_log(released / "lm-eval", tmp_path / "folder", load_panel())
    (path,) = (released / "lm-eval").rglob("results_*.json")
    assert import_log(path, tmp_path / "results", load_panel()) == samples
    assert len(samples) == 2 * LIMIT and {sample.depth for sample in samples} == {1, 3}
    assert read_run(tmp_path / "folder")[0].dataset in ("xsb,ms_xsb", "ms_xsb,xsb")


@pytest.mark.skittish
def test_the_chat_is_the_one_that_we_ask(
    hf: Any, skittish: TransformersModel, released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(released)
    evaluated(hf, ["ms_xsb"], tmp_path, limit=1, gen_kwargs={"max_gen_toks": 1}, system_instruction="Be brief.")
    (sample,) = import_log(tmp_path, tmp_path / "run", load_panel())
    assert sample.sent[0] == Message(role="system", content="Be brief.")
    (path,) = tmp_path.rglob("samples_*.jsonl")
    asked = json.loads(path.read_text())["arguments"]["gen_args_0"]["arg_0"]
    assert asked == skittish.render(sample.sent)
    assert read_run(tmp_path / "run")[0].system == "Be brief."


@pytest.mark.skittish
@pytest.mark.parametrize(
    ("turns", "options", "told"),
    [
        (1, {"apply_chat_template": False, "fewshot_as_multiturn": False}, "xsb asks in chats; add --apply_chat_temp"),
        (2, {}, "record 'a' has a turn that the model is to answer before its last one, and lm-eval asks only once"),
    ],
)
def test_what_lm_eval_cannot_ask(hf: Any, turns: int, options: dict[str, Any], told: str, tmp_path: Path) -> None:
    row = {"id": "a", "label": "safe", "messages": [{"role": "user", "content": "Hello?"}] * turns}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(InputError, match=told):
        evaluated(hf, ["xsb"], tmp_path, metadata={"dataset": str(tmp_path / "rows.jsonl")}, **options)
