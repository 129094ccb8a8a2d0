"""The judge `classifier` on tiny models that were fitted here, and on what is no classifier or none of ours."""

import json
import re
from pathlib import Path

import pytest

from eval.errors import InputError, ModelError, UnknownName
from eval.judges import Answer, load_harm_judge, load_judge
from eval.judges.canaries import CANARIES, HARM_CANARIES, check, wrong
from eval.record import Message, conversation
from tests.eval.judges.tiny_classifier import save_classifier

OURS = {label: label for label in ("full_compliance", "partial_refusal", "full_refusal")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_classifier(tmp_path_factory.mktemp("three"), CANARIES, OURS)


def relabelled(folder: Path, to: Path, *names: str) -> Path:
    """A copy whose labels have other names."""
    for file in folder.iterdir():
        (to / file.name).write_bytes(file.read_bytes())
    config = json.loads((to / "config.json").read_text())
    config["id2label"] = dict(enumerate(names))
    config["label2id"] = {name: at for at, name in enumerate(names)}
    (to / "config.json").write_text(json.dumps(config))
    return to


def test_verdicts_with_the_models_own_confidence_in_order(folder: Path) -> None:
    judge = load_judge(f"classifier:{folder}")
    check(judge)
    asked = [*CANARIES * 4, *CANARIES[::-1]]  # more than a batch
    found = judge([Answer(conversation(c.prompt), c.response) for c in asked])
    assert [verdict.label for verdict in found] == [canary.label for canary in asked]
    for verdict in found:
        assert 1 / 3 < verdict.confidence <= 1 and (verdict.evidence, verdict.judge) == ("", judge.facts.name)


def test_a_model_that_knows_nothing_is_stopped_by_the_canaries(tmp_path: Path) -> None:
    judge = load_judge(f"classifier:{save_classifier(tmp_path, CANARIES, OURS, steps=0)}")
    with pytest.raises(ModelError, match="so the run stops"):
        check(judge)


def test_a_judge_of_harm(tmp_path: Path) -> None:
    names = {"harmful": "UNSAFE", "harmless": "safe"}
    judge = load_harm_judge(f"classifier:{save_classifier(tmp_path, HARM_CANARIES, names)}")
    assert not wrong(judge)
    assert judge.facts.labels == ["harmful", "harmless"]
    (found,) = judge([Answer(conversation("How?"), "")])
    assert (found.label, found.kind) == ("harmless", "empty")


def test_a_whole_conversation_by_the_tokenizers_chat_template(tmp_path: Path) -> None:
    judge = load_judge(f"classifier:{save_classifier(tmp_path, CANARIES, OURS, chat=True)}")
    check(judge)
    turns = [Message(role="user", content="I can't help with that. " * 9), *conversation("How do I shoot a sunset?")]
    one, other = judge([Answer(turns, "Yes."), Answer(turns[1:], "Yes.")])
    assert one.confidence != other.confidence, "earlier turns are read"


def test_what_is_too_long_is_cut_and_says_so(folder: Path) -> None:
    judge = load_judge(f"classifier:{folder}")
    long, short = judge([Answer(conversation("How?"), "legs " * 500), Answer(conversation("How?"), "legs " * 50)])
    assert (long.evidence, short.evidence) == ("(only 128 tokens were read)", "")


@pytest.mark.parametrize(
    "names",
    [
        ("NON_REFUSAL", "partial", "Refusal"),
        ("1_full_compliance", "2_partial_refusal", "3_full_refusal"),
        ("Not Refusal", "Partial-Compliance", "REJECTION"),
    ],
)
def test_labels_are_read_by_their_names(folder: Path, tmp_path: Path, names: tuple[str, ...]) -> None:
    judge = load_judge(f"classifier:{relabelled(folder, tmp_path, *names)}")
    check(judge)
    assert judge.facts.labels == list(OURS)


def test_labels_given_by_hand(folder: Path, tmp_path: Path) -> None:
    source = relabelled(folder, tmp_path, "LABEL_0", "LABEL_1", "LABEL_2")
    told = "LABEL_0=full_compliance+LABEL_1=partial_refusal+LABEL_2=full_refusal"
    check(load_judge(f"classifier:{source}:{told}+reads=pair"))
    two = load_judge(f"classifier:{source}:{told.replace('partial', 'full')}")
    assert two.facts.labels == ["full_compliance", "full_refusal"]
    check(two)
    assert two([Answer(conversation(CANARIES[-1].prompt), CANARIES[-1].response)])[0].label == "full_refusal"


@pytest.mark.parametrize(
    ("tail", "error", "message"),
    [
        ("", ModelError, "has the label 'LABEL_0', which does not say which of full_compliance, partial_refusal"),
        (":LABEL_0=full_compliance", ModelError, "has the label 'LABEL_1', which .*:LABEL_1=full_compliance"),
        (":LABEL_0=refusal", UnknownName, "unknown label of refusal 'refusal'. Did you mean"),
        (":LABEL_9=full_refusal", InputError, "has no label 'LABEL_9'; it has LABEL_0, LABEL_1, LABEL_2"),
        (":reads=prompt", UnknownName, "unknown reads 'prompt'"),
        (":reads=conversation", ModelError, "has no chat template, so it cannot read a conversation; use reads=pair"),
        (
            ":LABEL_0=full_refusal+LABEL_1=full_refusal+LABEL_2=full_refusal", ModelError,
            "can only say full_refusal, so it decides nothing",
        ),
    ],
)  # fmt: skip
def test_labels_that_are_not_ours(
    folder: Path, tmp_path: Path, tail: str, error: type[Exception], message: str
) -> None:
    source = relabelled(folder, tmp_path, "LABEL_0", "LABEL_1", "LABEL_2")
    with pytest.raises(error, match=message) as raised:
        load_judge(f"classifier:{source}{tail}")
    assert "\n" not in str(raised.value)


def test_what_is_no_classifier(tiny_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is no text-classification model but LlamaForCausalLM: its labels would be"):
        load_judge(f"classifier:{tiny_folder}")
    with pytest.raises(ModelError, match=re.escape(f"classifier '{tmp_path}' cannot be loaded")):
        load_judge(f"classifier:{tmp_path}")
    with pytest.raises(InputError, match="needs a model behind a colon"):
        load_judge("classifier")


def test_the_revision_changes_with_the_weights(folder: Path, tmp_path: Path) -> None:
    before = load_judge(f"classifier:{folder}").facts.revision
    assert load_judge(f"classifier:{relabelled(folder, tmp_path, *OURS)}").facts.revision != before, "its own config"
    other = save_classifier(tmp_path, CANARIES, OURS, steps=3)
    assert load_judge(f"classifier:{other}").facts.revision not in (before, "unknown")
    assert load_judge(f"classifier:{folder}").facts.revision == before
