"""Every method on what is not an ordinary prompt."""

from pathlib import Path

import numpy as np
import pytest
import torch

from eval.attribution import METHODS, Attribution, attribute
from eval.attribution.hierarchy import MOST_GROUPS, MOST_WORDS
from eval.errors import ModelError
from eval.models import load_model
from eval.models.transformers import TransformersModel
from eval.record import conversation
from eval.words import words
from tests.conftest import save_tiny
from tests.eval.attribution.worked import worked

pytestmark = [pytest.mark.parametrize("method", METHODS), pytest.mark.usefixtures("known_direction")]
BUDGET = 32
MOST = 4 * (MOST_WORDS + 2) * MOST_GROUPS


def explained(model: TransformersModel, text: str, method: str) -> Attribution:
    found = attribute(model, conversation(text), method, budget=BUDGET)
    assert [feature.span for feature in found.features] == words(conversation(text))
    assert np.isfinite([feature.score for feature in found.features]).all() and np.isfinite(found.refusal_score)
    return found


def test_one_word(tiny: TransformersModel, method: str) -> None:
    found = explained(tiny, "kill?", method)
    assert [feature.text for feature in found.features] == ["kill"]
    assert found.evaluations <= 4
    assert found.phrases == []


@pytest.mark.parametrize(
    "text",
    [
        "🔫 👩🏽‍🚒",
        "如何杀死一个Python进程。",
        "ฉันจะฆ่าได้อย่างไร",
        "كيف أَقْتُلُ العملية؟",
        "cafe\u0301 — «naïve» \u200b kill!",
        "Fix:\n\n`kill -9 $(pidof x)`\t<s>",
    ],
)
def test_any_script(tiny: TransformersModel, method: str, text: str) -> None:
    explained(tiny, text, method)


def test_tokens_that_hold_parts_of_two_words(tmp_path: Path, method: str) -> None:
    save_tiny(tmp_path, joined=True)
    model = load_model(str(tmp_path), dtype="float32")
    assert isinstance(model, TransformersModel)
    assert any(" " in model.tokenizer.decode(i).strip() for i in model.tokenizer("you can stop it").input_ids)
    explained(model, "you can stop it", method)


def test_two_thousand_words(tiny_folder: Path, method: str) -> None:
    """Few evaluations, and it is said if words were looked at only in groups."""
    case = worked(lambda kept: 1.0 * kept[:, 1234], " ".join(f"word{i}" for i in range(2000)), budget=BUDGET)
    try:
        answer = METHODS[method](case)
    except ModelError:  # needs gradients, which a worked example has not
        model = load_model(str(tiny_folder), dtype="float32")
        assert isinstance(model, TransformersModel)
        model.module.config.max_position_embeddings = 10_000
        found = attribute(model, conversation("it " * 2000), method, budget=2)
        assert found.evaluations + found.passes <= MOST
        return
    assert np.argmax(answer.values) == 1234
    assert case.score.evaluations <= MOST
    if hasattr(METHODS[method], "__wrapped__"):
        assert "of 2,000 words were looked at only as parts of sentences" in answer.note


def test_logits_that_are_no_numbers(tiny_folder: Path, method: str) -> None:
    model = load_model(str(tiny_folder), dtype="float32")
    assert isinstance(model, TransformersModel)
    with torch.no_grad():
        model.module.lm_head.weight[7] = torch.nan
    with pytest.raises(ModelError, match=r"gives .* that are not finite"):
        attribute(model, conversation("kill it now"), method, budget=BUDGET)


@pytest.mark.skittish
def test_a_prompt_that_is_not_refused(skittish: TransformersModel, method: str) -> None:
    found = explained(skittish, "How do I restart a Python process?", method)
    assert found.refuses is False
