"""What a run asks of a model, and the samples that it makes."""

from pathlib import Path

import pytest

from eval.errors import InputError
from eval.models.transformers import TransformersModel
from eval.record import Message, Span, conversation
from eval.runs.metrics import metrics
from eval.runs.options import Options
from eval.runs.run import run
from tests.eval.asked import Refuser
from tests.eval.runs.worked import config_of, records, timeless


def test_one_line_per_record_and_mitigation(tiny: TransformersModel, tmp_path: Path) -> None:
    samples = run(
        tiny, records(3), tmp_path, Options(dataset="d", mitigations=["none", "ignore_word", "steer"], max_new_tokens=4)
    )
    assert [(s.record_id, s.mitigation) for s in samples[:4]] == [
        ("r-00", "none"), ("r-01", "none"), ("r-02", "none"), ("r-00", "ignore_word"),
    ]  # fmt: skip
    assert len((tmp_path / "samples.jsonl").read_text().splitlines()) == 9
    assert samples[0].features
    assert config_of(tmp_path)["method"] == "ablation"
    assert not samples[3].features
    config = config_of(tmp_path)
    assert config["facts"] == tiny.facts
    assert config["packages"]["torch"].startswith("2.")


def test_early_stop_ends_answers_and_is_recorded(
    tiny: TransformersModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eval.runs.answering.settled", lambda _messages, beginning: len(beginning) > 8)
    full = run(tiny, records(3), tmp_path / "a", Options(dataset="d", max_new_tokens=24))
    short = run(tiny, records(3), tmp_path / "b", Options(dataset="d", max_new_tokens=24, early_stop=True))
    assert (config_of(tmp_path / "a")["early_stop"], config_of(tmp_path / "b")["early_stop"]) == (False, True)
    for one, other in zip(short, full, strict=True):
        assert one.tokens < other.tokens and other.response.startswith(one.response)
    with pytest.raises(InputError, match="early_stop True, not False"):
        run(tiny, records(3), tmp_path / "b", Options(dataset="d", max_new_tokens=24))


def test_answers_of_an_endpoint_cannot_be_stopped_early(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--early-stop needs the judge rules alone and a local model"):
        run(Refuser(), records(3), tmp_path / "o", Options(dataset="d", early_stop=True))
    assert not (tmp_path / "o").exists()


def test_several_answers_to_each_record(tiny: TransformersModel, tmp_path: Path) -> None:
    options = {"dataset": "d", "mitigations": ["ignore_word"], "max_new_tokens": 6, "temperature": 1.0, "samples": 3}
    samples = run(tiny, records(2), tmp_path / "a", Options(seed=1, **options))
    assert [(s.record_id, s.mitigation, s.sample) for s in samples] == [
        (record, mitigation, sample)
        for mitigation in ("none", "ignore_word") for record in ("r-00", "r-01") for sample in range(3)
    ]  # fmt: skip
    assert len({s.response for s in samples}) > 6
    assert [bool(s.features) for s in samples] == [True, False, False, True, False, False, *[False] * 6]
    assert {key: config_of(tmp_path / "a")[key] for key in ("temperature", "samples", "seed")} == {
        "temperature": 1.0, "samples": 3, "seed": 1,
    }  # fmt: skip
    assert timeless(run(tiny, records(2), tmp_path / "b", Options(seed=1, **options))) == timeless(samples)
    assert timeless(run(tiny, records(2), tmp_path / "c", Options(seed=2, **options))) != timeless(samples)
    with pytest.raises(InputError, match="holds a run with seed 1, not 2"):
        run(tiny, records(2), tmp_path / "a", Options(seed=2, **options))


def test_a_mitigation_that_changes_nothing_draws_the_same_answers(tiny: TransformersModel, tmp_path: Path) -> None:
    bare = [record.model_copy(update={"messages": conversation("?!"), "focus": [], "focus_spans": [], "neutral": []})
            for record in records(2)]  # fmt: skip
    samples = run(
        tiny,
        bare,
        tmp_path,
        Options(dataset="d", mitigations=["ignore_word"], max_new_tokens=6, temperature=1.0, samples=2),
    )
    assert [s.response for s in samples[:4]] == [s.response for s in samples[4:]]


def test_several_samples_of_greedy_answers_are_refused(tiny: TransformersModel, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="2 samples at temperature 0 are 2 times the same answer"):
        run(tiny, records(1), tmp_path / "a", Options(dataset="d", samples=2))
    assert not (tmp_path / "a").exists()


def test_a_record_that_cannot_be_answered_costs_no_other(tiny: TransformersModel, tmp_path: Path) -> None:
    long, mute = records(2)
    long.messages[0].content = "How do I " + "kill " * 600
    mute.messages[0].content = "?!       "
    odd = [r.model_copy(update={"focus": [], "focus_spans": []}) for r in (long, mute)]
    samples = run(
        tiny, [*odd, *records(4)[2:]], tmp_path, Options(dataset="d", mitigations=["steer"], max_new_tokens=4)
    )
    labels = {(s.record_id, s.mitigation): s.verdict.label for s in samples}
    assert labels["r-00", "none"] == labels["r-00", "steer"] == "unscored"
    assert "shorten it" in samples[0].note
    assert all(s.note == "" for s in samples if s.record_id in ("r-02", "r-03"))
    assert metrics(samples)[0].unscored >= 1


def test_without_mitigations_no_attribution_is_claimed(tiny: TransformersModel, tmp_path: Path) -> None:
    samples = run(tiny, records(1), tmp_path, Options(dataset="d", max_new_tokens=4))
    assert config_of(tmp_path)["method"] == "none"
    assert not samples[0].features


def test_a_system_turn_and_the_models_own_earlier_answers(tiny: TransformersModel, tmp_path: Path) -> None:
    dialogue = [
        Message(role="user", content="It hangs."),
        Message(role="assistant", content="What?"),
        records(1)[0].messages[0],
    ]
    one = records(1)[0].model_copy(update={"messages": dialogue, "focus_spans": [Span(turn=2, start=9, end=13)]})
    samples = run(
        tiny,
        [one],
        tmp_path,
        Options(dataset="d", mitigations=["steer"], max_new_tokens=4, system="Be brief.", assistant="live"),
    )
    assert [message.role for message in samples[0].sent] == ["system", "user", "assistant", "user"]
    assert samples[0].sent[0].content == "Be brief."
    assert samples[0].sent[2].content != "What?"
    assert samples[0].depth == 2
    assert config_of(tmp_path)["assistant"] == "live"


def test_a_dialogue_that_outgrows_the_model_costs_no_other(tiny: TransformersModel, tmp_path: Path) -> None:
    long = [Message(role="user", content="kill " * 600), Message(role="user", content="it")]
    one = records(2)[0].model_copy(update={"messages": long, "focus": [], "focus_spans": [], "neutral": []})
    samples = run(
        tiny, [one, records(2)[1]], tmp_path / "a", Options(dataset="d", mitigations=["steer"], max_new_tokens=4)
    )
    (alone,) = run(tiny, [one], tmp_path / "b", Options(dataset="d", max_new_tokens=4))
    assert alone.note == samples[0].note
    assert [(s.record_id, s.mitigation) for s in samples] == [
        ("r-00", "none"), ("r-01", "none"), ("r-00", "steer"), ("r-01", "steer"),
    ]  # fmt: skip
    assert [s.verdict.label == "unscored" and "shorten it" in s.note for s in samples[::2]] == [True, True]
    assert samples[1].features and not samples[0].features
