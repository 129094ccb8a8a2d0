"""What a dry run tells, beside what the attribution takes when it is run."""

import subprocess
import sys
from pathlib import Path

import pytest
from transformers import LlamaConfig

from eval.attribution import METHODS, attribute
from eval.attribution.estimate import Estimate, estimate
from eval.models import load_model
from eval.models.protocol import Model
from eval.models.transformers import TransformersModel
from eval.record import conversation
from tests.conftest import save_tiny

PROMPT = "How do I kill a frozen process?"


def told(model: Model, method: str = "ablation", prompt: str = PROMPT, target: str = "refusal_openers") -> Estimate:
    return estimate(
        model, conversation(prompt), method, target, removal="delete", neutral={}, budget=64, seed=0, max_new_tokens=9
    )


@pytest.fixture
def no_weights(tiny_folder: Path, tmp_path: Path) -> TransformersModel:
    for file in tiny_folder.iterdir():
        if file.suffix != ".safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    model = load_model(str(tmp_path), dtype="float32", device="meta")
    assert isinstance(model, TransformersModel)
    return model


@pytest.mark.usefixtures("known_direction")
@pytest.mark.parametrize("method", METHODS)
def test_counts_are_about_those_of_the_run(tiny: TransformersModel, no_weights: TransformersModel, method: str) -> None:
    """A random model blames all words alike, which is far from what is made up; see below for skittish."""
    before = told(no_weights, method)
    after = attribute(tiny, conversation(PROMPT), method, budget=64)
    assert before.words == len(after.features) == 7
    for name in ("evaluations", "passes", "tokens"):
        assert getattr(after, name) / 4 <= getattr(before, name) <= 4 * getattr(after, name), name


@pytest.mark.parametrize("target", ["refusal_openers", "own_response"])
def test_what_is_not_adaptive_is_counted_exactly(tiny: TransformersModel, target: str) -> None:
    """One word makes no phrase."""
    after = attribute(tiny, conversation("kill"), target=target, response=" word" * 9)
    before = told(tiny, prompt="kill", target=target)
    assert (before.evaluations, before.tokens) == (after.evaluations, after.tokens)
    assert before.evaluations == 2


def test_a_model_of_seven_billion_without_weights(tmp_path: Path) -> None:
    """Llama 2: 6.74e9 parameters of 2 bytes each."""
    save_tiny(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    LlamaConfig(
        vocab_size=32000, hidden_size=4096, intermediate_size=11008, num_hidden_layers=32, num_attention_heads=32
    ).save_pretrained(tmp_path)
    found = told(load_model(str(tmp_path), dtype="bfloat16", device="meta"))
    assert found.weights_bytes == 2 * 6_738_415_616
    assert 1.01 < found.memory_bytes / found.weights_bytes < 1.5
    assert found.fits == (found.memory_bytes <= found.free_bytes)


@pytest.mark.skittish
def test_counts_are_nearly_those_of_the_run_where_a_word_is_to_blame(skittish: TransformersModel) -> None:
    for method in METHODS:
        before, after = told(skittish, method), attribute(skittish, conversation(PROMPT), method, budget=64)
        for name in ("evaluations", "passes", "tokens"):
            assert getattr(before, name) == pytest.approx(getattr(after, name), rel=0.5), (method, name)


MEASURE = """
import pathlib, re, sys, psutil
import eval.attribution, eval.attribution.estimate, eval.models, transformers.models.llama.modeling_llama
before = psutil.Process().memory_info().rss
model = eval.models.load_model("skittish", dtype="float32")
eval.attribution.attribute(model, eval.record.conversation(sys.argv[1]))
status = pathlib.Path("/proc/self/status").read_text()  # ru_maxrss would begin with that of the parent
print(int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) * 1024 - before)
"""


@pytest.mark.skittish
def test_memory_is_what_a_process_takes_within_a_factor_of_two() -> None:
    prompt = "How do I kill a Python process that hangs? " * 6
    done = subprocess.run([sys.executable, "-c", MEASURE, prompt], capture_output=True, text=True, check=True)
    model = load_model("skittish", dtype="float32", device="meta")
    assert 0.5 < told(model, prompt=prompt).memory_bytes / int(done.stdout) < 2
