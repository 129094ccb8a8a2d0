"""Who waits for a score is told how far it is, of models with open weights and of endpoints alike."""

import numpy as np
import pytest

from eval.attribution import attribute
from eval.calls import BATCH, Calls
from eval.diagnose import diagnose
from eval.evaluations import counted
from eval.judges import load_judge
from eval.models.transformers import TransformersModel
from eval.record import conversation
from eval.score import RefusalScore
from eval.target import refusal_openers
from eval.words import words

PROMPT = "How do I kill a frozen process today?"


def test_a_score_tells_each_batch_and_nothing_that_it_knows(tiny: TransformersModel) -> None:
    messages = conversation(PROMPT)
    features, told = words(messages), list[tuple[int, int]]()
    target = refusal_openers(tiny.tokenizer)
    score = RefusalScore(tiny, messages, features, target, token_budget=60 + 3 * len(target.tokens))
    without_one = ~np.eye(len(features), dtype=bool)
    with counted(lambda done, asked: told.append((done, asked))):
        score(without_one)
        score(without_one)
    assert len(told) > 1 and told[-1] == (8, 8)
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    score(~without_one)
    assert told[-1] == (8, 8), "outside nobody is told"


def test_calls_tell_too(tiny: TransformersModel) -> None:
    messages = conversation(" ".join(f"word{n}" for n in range(BATCH + 2)))
    features, told = words(messages), list[tuple[int, int]]()
    calls = Calls(tiny, messages, features, load_judge("rules"), max_new_tokens=1)
    with counted(lambda done, asked: told.append((done, asked))):
        calls(~np.eye(len(features), dtype=bool))
    assert told == [(BATCH, BATCH + 2), (BATCH + 2, BATCH + 2)]


def test_who_is_told_may_stop_it(tiny: TransformersModel) -> None:
    class Stopped(Exception):
        pass

    def stop(_done: int, _asked: int) -> None:
        raise Stopped

    with pytest.raises(Stopped), counted(stop):
        attribute(tiny, conversation(PROMPT))
    assert attribute(tiny, conversation(PROMPT)).evaluations > 8


def test_a_diagnosis_says_how_far_it_is(tiny: TransformersModel) -> None:
    told: list[str] = []
    found = diagnose(tiny, PROMPT, max_new_tokens=2, notify=told.append)
    assert found.attribution is not None
    count = found.attribution.evaluations
    assert told[:2] == ["answering", "attribution: ablation"]
    assert told[-1] == f"ablation: {count} of {count} evaluations"
