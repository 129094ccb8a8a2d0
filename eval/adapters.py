"""LoRA adapters by peft, without the warnings that are its own affair."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        # peft asks transformers by a name that transformers has deprecated
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
        yield


def merged(module: Any, folder: Path) -> Any:
    """The module with an adapter merged into its weights."""
    from peft import PeftModel

    with _quiet():
        return PeftModel.from_pretrained(module, str(folder)).merge_and_unload()


def adapted(module: Any, config: Any) -> Any:
    """The module with a fresh adapter, which alone can be trained."""
    from peft import get_peft_model

    with _quiet():
        return get_peft_model(module, config)
