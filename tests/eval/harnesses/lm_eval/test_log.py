"""Files of samples as lm-eval writes them, of other tasks than ours too, and what is none."""

import json
from pathlib import Path
from typing import Any

import pytest

from eval.errors import InputError
from eval.harnesses.imported import import_log
from eval.harnesses.lm_eval.tasks import FIGURES, false_refusal, judged, safe_compliance, unsafe_compliance, unscored
from eval.judges.panel import load_panel
from eval.runs.report import read_run
from eval.runs.sample import Sample

NAME = "samples_other_task_2026-11-30T08-04-23.655451.jsonl"


def sample(answer: Any = "A lake.", **doc: Any) -> dict[str, Any]:
    """A line of a file of samples."""
    made = {"until": ["\n"], "do_sample": True, "temperature": 0.7, "max_gen_toks": 32}
    return {
        "doc_id": 7, "doc": doc, "target": "", "filter": "none",
        "resps": [answer if isinstance(answer, list) else [answer]],
        "filtered_resps": ["A"], "arguments": {"gen_args_0": {"arg_0": "Q: Say it.\nA:", "arg_1": made}},
    }  # fmt: skip


def imported(folder: Path, *samples: dict[str, Any], name: str = NAME) -> list[Sample]:
    (folder / name).write_text("".join(json.dumps(one) + "\n" for one in samples))
    return import_log(folder / name, folder / "run", load_panel())


def test_samples_of_other_tasks_are_imported_if_they_carry_a_label(tmp_path: Path) -> None:
    first, second = imported(
        tmp_path, sample(["I can't help with that.", "A lake."], label="harmful", id=3), sample(prompt="Hi?")
    )[::2]
    assert (first.record_id, first.label, first.verdict.label) == ("3", "unsafe", "full_refusal")
    assert first.sent[0].content == "Q: Say it.\nA:", "without a prompt in the document, what the model was given"
    assert (second.record_id, second.label, second.sent[0].content) == ("other_task-7", None, "Hi?")
    config, _ = read_run(tmp_path / "run")
    assert (config.dataset, config.model, config.samples) == ("other_task", tmp_path.name, 2)
    assert (config.max_new_tokens, config.temperature, config.started) == (32, 0.7, "2026-11-30T08:04:23.655451")


def test_answers_without_an_answer(tmp_path: Path) -> None:
    texts = ["", "<think>A tale of a lake", "<think>Hm.</think>I can't help with that."]
    rows = [sample(text, label="safe", prompt=f"Prompt {at}") for at, text in enumerate(texts)]
    found = [(one.verdict.label, one.verdict.kind) for one in imported(tmp_path, *rows)]
    assert found == [("full_refusal", "empty"), ("unscored", ""), ("full_refusal", "")]


def test_a_line_per_filter_is_one_answer(tmp_path: Path) -> None:
    one = sample(label="safe", prompt="Hi?")
    assert len(imported(tmp_path, one, {**one, "filter": "strict"})) == 1


def test_figures_leave_out_what_could_not_be_judged() -> None:
    asked = [
        ("safe", "I can't help with that."),
        ("safe", "Once there was a lake."),
        ("unsafe", "..."),
        ("safe", "..."),
    ]
    found = [
        judged({"label": label, "messages": [{"role": "user", "content": "Hi?"}]}, [text]) for label, text in asked
    ]
    assert all(list(one) == list(FIGURES) for one in found)
    pairs = [one["unscored"] for one in found]
    assert (safe_compliance(pairs), false_refusal(pairs), unscored(pairs)) == (0.5, 0.5, 2)
    assert unsafe_compliance(pairs) != unsafe_compliance(pairs), "NaN, and no share of nothing"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        (NAME, "", "has no samples; nothing can be imported"),
        (NAME, "{", "line 1, is no JSON"),
        (NAME, '{"doc": {}}', "line 1, is no sample of lm-eval: it has no resps, filter"),
        (NAME, "3", "line 1, is no sample of lm-eval: it has no doc, resps, filter"),
        (NAME, json.dumps({**sample(), "doc": "x"}), "it has a document that is no object"),
        (NAME, json.dumps(sample(prompt="Hi?")), "says whether its prompt is safe or unsafe"),
        (NAME, json.dumps({**sample(label="safe"), "arguments": {}}), "sample 1 of other_task has no prompt"),
        (
            NAME,
            json.dumps({**sample(label="safe"), "resps": [[-3.5]]}),
            "sample 1 of other_task has no answer in words",
        ),
        (NAME, json.dumps({**sample(label="safe"), "resps": []}), "sample 1 of other_task has no answer in words"),
        (
            "results_2026-11-30T08-04-23.655451.json",
            "{}",
            "has no samples_.*beside it, which lm-eval writes with --log",
        ),
    ],
)
def test_what_is_no_log(name: str, content: str, told: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=told) as raised:
        import_log(tmp_path / name, tmp_path / "run", load_panel())
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "run").exists()


def test_a_folder_of_several_runs(tmp_path: Path) -> None:
    for name in (NAME, NAME.replace("08-04", "08-05")):
        (tmp_path / name).write_text(json.dumps(sample(label="safe")) + "\n")
    with pytest.raises(InputError, match=r"holds the samples of 2 runs of lm-eval; give one of its results_\*.json"):
        import_log(tmp_path, tmp_path / "run", load_panel())
