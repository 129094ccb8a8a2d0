"""The bench's rows have the promised keys, and what is compared is the same work."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from eval.bench.peers import PEERS
from eval.bench.prompts import RESPONSE, alone, compared, of_length
from eval.bench.reference import AGREEMENT
from eval.bench.speed import ASKED_QUICK, LENGTHS, WORKS, case_of, difference
from eval.cli import app
from eval.models import load_model
from eval.models.protocol import OpenWeights
from eval.models.transformers import TransformersModel
from eval.record import conversation
from eval.words import words

TOP = ["device", "dtype", "threads", "matmul_gflops", "rows"]
ROW = ["work", "peer", "prompt_words", "evaluations", "ours_s", "peer_s", "ratio", "ours_gflops", "peak_mb"]


@pytest.fixture(scope="module")
def exact() -> TransformersModel:
    """skittish in float32, whatever this machine computes fastest in."""
    model = load_model("skittish", dtype="float32")
    assert isinstance(model, TransformersModel)
    return model


def test_the_keys_of_the_json(tiny_folder: Path) -> None:
    result = CliRunner().invoke(app, ["bench", "attribution", "--model", str(tiny_folder), "--quick", "--json"])
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert list(answer) == TOP
    assert all(list(row) == ROW for row in answer["rows"])
    beside = {(row["work"], row["peer"]): row for row in answer["rows"] if row["peer"]}
    assert beside.keys() >= {(work, "captum") for work in ("ablation", "kernel_shap", "ig")}
    for row in beside.values():
        assert row["prompt_words"] == 6 and row["peer_s"] > 0 and row["ours_gflops"] > 0
        assert row["ratio"] == pytest.approx(row["peer_s"] / row["ours_s"], rel=0.1)
    assert beside["ablation", "captum"]["evaluations"] == 8
    assert beside["kernel_shap", "captum"]["evaluations"] == ASKED_QUICK["kernel_shap"]
    curve = [row for row in answer["rows"] if row["peer"] is None]
    for work in ("ablation", "shap"):
        assert [row["prompt_words"] for row in curve if row["work"] == work] == [25, 50]
    assert all(row["peer_s"] is None and row["ratio"] is None for row in curve)


def test_the_prompts_are_of_the_promised_lengths() -> None:
    assert [len(words(messages)) for messages in compared()] == [6, 16, 39, 40]
    assert len(alone()) == 20
    assert [len(words(of_length(n))) for n in LENGTHS["shap"]] == list(LENGTHS["shap"])


def test_fast_and_slow_scores_agree(tiny: TransformersModel) -> None:
    assert max(difference(tiny, messages) for messages in compared()) < AGREEMENT
    assert difference(tiny, conversation("Kill it"), "refusal_openers") < AGREEMENT


@pytest.mark.skittish
@pytest.mark.parametrize(
    ("target", "prompt"), [("own_response", "How do I kill this process?"), ("refusal_openers", "Kill it")]
)
def test_fast_and_slow_scores_of_skittish_agree(exact: TransformersModel, target: str, prompt: str) -> None:
    assert difference(exact, conversation(prompt), target) < AGREEMENT


def same_shares_by_captum(model: OpenWeights, prompt: str) -> None:
    """captum's own slow passes, asked for the same words and response, against the fast score."""
    messages, count = conversation(prompt), 6
    ours = {work: WORKS[work](case_of(model, messages, count)).values for work in ("ablation", "kernel_shap")}
    for work, shares in ours.items():
        for peer in PEERS[work].values():
            assert peer(model, messages, RESPONSE, count) == pytest.approx(shares, abs=AGREEMENT)


def test_captum_gives_the_same_shares(tiny: TransformersModel) -> None:
    same_shares_by_captum(tiny, "How do I kill it?")


@pytest.mark.skittish
def test_captum_gives_the_same_shares_of_skittish(exact: TransformersModel) -> None:
    same_shares_by_captum(exact, "Kill it now")
