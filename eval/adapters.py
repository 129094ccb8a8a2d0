"""LoRA adapters by peft: trained, saved and merged, without the warnings that are its own affair."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from eval.progress import track

if TYPE_CHECKING:
    import torch

B = TypeVar("B")


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


def optimise(
    module: Any, batches: Sequence[B], loss: Callable[[B], "torch.Tensor"], what: str, *,
    learning_rate: float, warmup: float, clip: float, weight_decay: float,
) -> None:  # fmt: skip
    """One step of AdamW per batch on what the module lets be trained, at a rate that rises and falls (one cycle).

    Args:
        module: that is trained.
        batches: of all epochs.
        loss: of a batch.
        what: the bar's name.
        learning_rate: the highest, per step.
        warmup: share of the steps in which it rises.
        clip: greatest norm of a step's gradient.
        weight_decay: per step, times the rate.
    """
    import torch

    parameters = [p for p in module.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=learning_rate, weight_decay=weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, learning_rate, total_steps=len(batches), pct_start=warmup)
    module.train()
    for batch in track(batches, what):
        loss(batch).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        torch.nn.utils.clip_grad_norm_(parameters, clip)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad()


def save_adapter(module: Any, out: Path, base: str) -> None:
    """Write an adapter's weights in bfloat16 and its config, which names `base` in place of a path on this machine."""
    import torch

    for parameter in module.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.to(torch.bfloat16)
    module.peft_config["default"].base_model_name_or_path = base
    module.save_pretrained(out, save_embedding_layers=False)  # they are the base's
    (out / "README.md").unlink(missing_ok=True)  # peft writes a form to fill in; a measured card replaces it
