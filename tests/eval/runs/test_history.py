"""Which run of the past a new one is compared with, and what is told of the rest."""

from pathlib import Path
from typing import Any

import pytest

from eval.judges.verdict import JudgeFacts
from eval.record import Message
from eval.runs.history import Past, asked_otherwise, baseline, circumstances, history, shared
from tests.eval.runs.pasts import ALL, run


def test_runs_are_found_by_their_configs_oldest_first(tmp_path: Path) -> None:
    runs = [run(tmp_path, day) for day in (1, 2)]
    (tmp_path / "both").mkdir()
    deeper = run(tmp_path / "both", 3)  # of several datasets
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}')
    (tmp_path / "begun").mkdir()  # by a watch that was killed
    assert history(tmp_path) == ([*runs, deeper], ["model", "notes.txt"])
    assert history(tmp_path / "none") == ([], [])


def test_a_torn_run_is_not_finished(tmp_path: Path) -> None:
    assert run(tmp_path, 1).finished
    run(tmp_path, 2, ALL[:-1])
    assert [past.finished for past in history(tmp_path)[0]] == [True, False]


def test_the_last_finished_run_of_the_same_question_is_compared_with(tmp_path: Path) -> None:
    same = run(tmp_path, 1)
    grown = run(tmp_path, 2, fingerprint="f" * 16)
    short = run(tmp_path, 3, max_new_tokens=16)
    torn = run(tmp_path, 4, ALL[:-1])
    now = run(tmp_path, 5)
    runs = history(tmp_path)[0]
    assert runs == [same, grown, short, torn, now]
    assert baseline(now, runs).past == same
    assert baseline(now, [grown, short, now]).past == grown
    assert baseline(now, [short, torn, now]).reasons == ["max new tokens: 16 before, 128 after"]
    assert (baseline(now, [torn, now]).past, baseline(now, [torn, now]).reasons) == (None, [])


def test_a_run_on_another_dataset_is_no_earlier_one(tmp_path: Path) -> None:
    now = run(tmp_path, 2)
    other = run(tmp_path, 1, dataset="ms_xsb", fingerprint="f" * 16)
    renamed = run(tmp_path, 3, dataset="copy.csv")
    assert baseline(now, [other]).past is None
    assert baseline(now, [other, renamed]).past == renamed


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"temperature": 0.5}, ["temperature: 0.5 before, 0.0 after"]),
        ({"system": "Be brief."}, ["system: Be brief. before, none after"]),
        ({"judge": "llm:m"}, ["judge: llm:m before, rules after"]),
        ({"facts": {"revision": "b"}, "machine": "arm64", "seed": 7, "fingerprint": "f" * 16}, []),
        ({"temperature": 0.5, "seed": 7}, ["temperature: 0.5 before, 0.0 after", "seed: 7 before, 0 after"]),
    ],
)
def test_what_makes_it_another_question(tmp_path: Path, changes: dict[str, Any], told: list[str]) -> None:
    assert asked_otherwise(run(tmp_path, 1, **changes).config, run(tmp_path, 2).config) == told


def test_another_prompt_of_a_judge_is_another_question_another_revision_a_circumstance(tmp_path: Path) -> None:
    def judged(day: int, prompt: str, revision: str) -> Past:
        judge = JudgeFacts(name="llm:m", asked="refusal", revision=revision, labels=[], prompt_hash=prompt)
        return run(tmp_path, day, judges=[judge])

    first, reworded, renewed = judged(1, "a", "r"), judged(2, "b", "r"), judged(3, "a", "s")
    assert asked_otherwise(first.config, reworded.config) == ["prompt hash of judge llm:m (refusal): a before, b after"]
    assert asked_otherwise(first.config, renewed.config) == []
    assert circumstances(first, renewed, ("", "")) == ["revision of judge llm:m (refusal): r before, s after"]


def test_what_may_be_the_cause_is_named(tmp_path: Path) -> None:
    before = run(tmp_path, 1)
    now = run(tmp_path, 2, facts=before.config.facts | {"revision": "b"}, packages={"xsb": "0.1.0", "torch": "3"})
    assert circumstances(before, now, ("fp_1", "fp_2")) == [
        "revision of the model: 41c0a9be77d2 before, b after",
        "model as the endpoint names it: fp_1 before, fp_2 after",
        "package torch: none before, 3 after",
    ]


def test_records_are_shared_if_nothing_in_them_changed() -> None:
    reworded = [Message(role="user", content="How do I stop a frozen process?")]
    after = [
        sample.model_copy(update={"sent": reworded} if sample.record_id == "b" else {})
        for sample in ALL
        if sample.record_id != "a"
    ]
    after = [one.model_copy(update={"label": "unsafe"}) if one.record_id == "c" else one for one in after]
    assert [one.record_id for one in shared(ALL, after)] == list("defgdefg")
