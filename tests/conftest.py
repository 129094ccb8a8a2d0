"""A tiny random Llama with a real tokenizer and chat template, and skittish, loaded once per session."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator  # the variables are read at import
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from eval.models import load_model
from eval.models.transformers import TransformersModel

if TYPE_CHECKING:
    from tests.browser.conftest import Space
    from tests.walk import Step

TEMPLATE = (
    "{% for m in messages %}<s>{{ m['role'] }}\n{{ m['content'] }}</s>\n{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant\n{% endif %}"
)
CORPUS = ["How do I kill a frozen process? Sure, you can stop it. I can't help with that.", "the quick brown fox"] * 20


def save_tiny(folder: Path, layers: int = 2, template: str | None = TEMPLATE, joined: bool = False) -> None:
    """Write a random two-layer Llama that any `from_pretrained` loads; `joined` tokens may hold parts of two words."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=not joined)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="</s>", pad_token="</s>")
    fast.chat_template = template
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(fast),
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        initializer_range=0.2,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
    LlamaForCausalLM(config).save_pretrained(folder)


def free_port() -> int:
    """A loopback port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, process: "subprocess.Popen[str]", seconds: float = 120) -> None:
    """Return once `url` answers; fail when its process ends or takes too long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            pytest.fail(f"the server ended: {process.communicate()[1]}")
        try:
            if httpx.get(url, timeout=2).status_code < 500:
                return
        except httpx.TransportError:
            time.sleep(0.3)
    pytest.fail(f"{url} did not answer within {seconds} s")


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    save_tiny(folder)
    return folder


@pytest.fixture(scope="session")
def tiny(tiny_folder: Path) -> TransformersModel:
    model = load_model(str(tiny_folder), dtype="float32")
    assert isinstance(model, TransformersModel)
    return model


@pytest.fixture
def known_direction(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal direction for tiny models, which have none of their own."""
    from eval.refusal_direction import RefusalDirection
    from eval.refusal_direction import known_direction as own

    found = RefusalDirection(
        model="", revision="", layer=0, vector=[1 / 8] * 64, answered=0, fitted_on="", prompts=0, hits=0
    )
    monkeypatch.setattr(
        "eval.refusal_direction.known_direction", lambda model: own(model) if model.name == "skittish" else found
    )


@pytest.fixture(scope="session")
def skittish() -> Iterator[TransformersModel]:
    model = load_model("skittish")
    assert isinstance(model, TransformersModel)
    yield model


@pytest.fixture(scope="session")
def try_space(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Space]":
    """The Try tab with skittish, for all who ask it as visitors or programs; nothing of that is written or logged."""
    from tests.browser.conftest import Space  # which imports from here

    folder = tmp_path_factory.mktemp("try")
    (folder / "space.yaml").write_text(
        "models: [{name: skittish, max_new_tokens: 24}]\nlimits: {per_minute: 1000, characters: 2000}\n"
    )
    space = Space("--only", "try", "--config", str(folder / "space.yaml"), folder=folder)
    yield space
    assert sorted(path.name for path in folder.iterdir()) == ["space.yaml"]
    assert "kill" not in space.stop()


@pytest.fixture(scope="session")
def llama_url() -> Iterator[str]:
    """The address of the base model in llama.cpp, with structured output."""
    from tests.servers import llama  # which imports from here

    with llama() as url:
        yield url


@pytest.fixture(scope="session")
def served_url() -> Iterator[str]:
    """The address of `transformers serve`, which loads what it is asked for."""
    from tests.servers import transformers_serve  # which imports from here

    with transformers_serve() as url:
        yield url


@pytest.fixture(scope="session")
def ray_address() -> Iterator[str]:
    """The address of a Ray cluster, for RAY_ADDRESS."""
    from tests.ray_cluster import ray_cluster

    with ray_cluster() as address:
        yield address


@pytest.fixture(scope="session")
def walked(llama_url: str, tmp_path_factory: pytest.TempPathFactory) -> "tuple[Path, list[Step]]":
    """The folder in which docs/walk.md was walked, and its steps."""
    from tests.walk import ANSWERED, LEDGER, walk

    folder = tmp_path_factory.mktemp("walk")
    shutil.copy(ANSWERED, folder / LEDGER)
    return folder, walk(folder, llama_url)
