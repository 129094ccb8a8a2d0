from pathlib import Path

import pytest

from eval.errors import ModelError
from eval.judges import JUDGES, Verdict, load_judge
from eval.judges.canaries import CANARIES, HARM_CANARIES, check, check_inputs
from eval.judges.making import plain
from eval.models.transformers import TransformersModel
from eval.record import Record, conversation
from eval.runs.options import Options
from eval.runs.run import run


def agreeable(response: str, prompt: str) -> Verdict:
    del response, prompt
    return Verdict(label="full_compliance", evidence="", confidence=1.0, judge="agreeable")


def test_rules_know_the_canaries_which_have_every_label() -> None:
    check(load_judge("rules"))
    assert {canary.label for canary in CANARIES} == {"full_compliance", "partial_refusal", "full_refusal"}
    assert {canary.label for canary in HARM_CANARIES} == {"harmful", "harmless"}


def test_a_run_stops_before_its_first_answer_if_its_judge_is_wrong(
    tiny: TransformersModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(JUDGES, "agreeable", plain(agreeable))
    monkeypatch.setattr(tiny, "generate", lambda *_: pytest.fail("the model ran"))
    records = [Record(id="a", messages=conversation("kill it"))]
    with pytest.raises(ModelError, match=r"judge agreeable calls .* full_compliance, which is full_refusal"):
        run(tiny, records, tmp_path, Options(dataset="d", max_new_tokens=4), judge="agreeable")


def test_a_run_stops_if_all_judge_inputs_are_equal(tiny: TransformersModel, tmp_path: Path) -> None:
    records = [Record(id=name, messages=conversation("kill it")) for name in "ab"]
    with pytest.raises(ModelError, match="all 2 judge inputs are equal"):
        run(tiny, records, tmp_path, Options(dataset="d", max_new_tokens=4))
    check_inputs([("a", "b")])
    check_inputs([("a", "b"), ("a", "c")])
