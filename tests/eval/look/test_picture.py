from pathlib import Path

import pytest
from matplotlib.colors import to_hex

from eval.attribution import METHODS
from eval.attribution.attribution import Case, Shares
from eval.attribution.side_by_side import Comparison, compare
from eval.errors import InputError, ModelError
from eval.look.picture import MOST_WORDS, REFUSED, draw, picture
from eval.models.transformers import TransformersModel
from eval.record import conversation
from eval.words import find

PROMPT = conversation("How do I kill a frozen process? 杀死 " + "it " * 30)


def unable(case: Case) -> Shares:
    raise ModelError(f"needs more than {case.model.name[:0]}this model gives")


@pytest.fixture
def told(tiny: TransformersModel, monkeypatch: pytest.MonkeyPatch) -> Comparison:
    monkeypatch.setitem(METHODS, "unable", unable)
    return compare(tiny, PROMPT, ["ablation", "unable", "black_box"], 4)


def test_a_cell_for_each_word_and_method_and_those_missing_named(told: Comparison) -> None:
    (axes,) = picture(told, find(PROMPT, "kill")).axes
    texts = [text.get_text() for text in axes.texts]
    assert {"How", "kill", "杀死", "ablation", "black box"} <= set(texts)
    assert texts.count("it") == 30
    assert any("unable is not shown: needs more than this model gives" in " ".join(text.split()) for text in texts)
    assert len(axes.lines) == 1, "the Focus is underlined"
    top = [text.get_text() for text in axes.texts if text.get_fontweight() == "bold" and "." in text.get_text()]
    found = told.found["ablation"]
    assert f"{found.ranked[0].score:+.1f}" in top
    assert to_hex(REFUSED) in {to_hex(patch.get_facecolor()) for patch in axes.patches}


def test_it_is_written(told: Comparison, tmp_path: Path) -> None:
    draw(told, [], tmp_path / "h.png")
    assert (tmp_path / "h.png").read_bytes().startswith(b"\x89PNG")


def test_too_many_words_and_no_method_that_can(tiny: TransformersModel, told: Comparison) -> None:
    many = told.found["ablation"].model_copy(update={"features": told.found["ablation"].features[:1] * 200})
    with pytest.raises(InputError, match=f"up to {MOST_WORDS} words, the conversation has 200"):
        picture(told._replace(found={"ablation": many}), [])
    with pytest.raises(ModelError, match="more than this model gives"):
        compare(tiny, PROMPT, ["unable"], 4)
