"""A model that has memory for so many rows only."""

import pytest
import torch

from eval.models.transformers import TransformersModel


def runs_out(model: TransformersModel, rows: int, sizes: list[int], patch: pytest.MonkeyPatch) -> None:
    """Let passes of more than so many rows run out of memory; `sizes` are the rows of those that did not."""
    forward = model.module.forward

    def limited(*args: object, **kwargs: object) -> object:
        ids = kwargs["input_ids"]
        assert isinstance(ids, torch.Tensor)
        if len(ids) > rows:
            raise torch.OutOfMemoryError("tried to allocate")
        sizes.append(len(ids))
        return forward(*args, **kwargs)

    patch.setattr(model.module, "forward", limited)
    patch.setattr(model, "_warned", False)
