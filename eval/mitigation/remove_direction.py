"""remove_direction: the refusal direction is taken out of the residual stream (Arditi et al. 2024, arXiv 2406.11717).

A baseline: it frees refusals of all kinds, those of harmful requests too. Open weights only.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from eval.errors import ModelError
from eval.mitigation.attempt import Request
from eval.models.protocol import Model, OpenWeights
from eval.models.running import current, row_by_row

if TYPE_CHECKING:
    import torch


@contextmanager
def remove_direction(model: Model, requests: Sequence[Request]) -> Iterator[None]:
    """While open, nothing in the rows of these requests lies along the model's refusal direction.

    Raises:
        ModelError: the model has no open weights, or no direction is known for it.
    """
    if not isinstance(model, OpenWeights):
        raise ModelError(
            f"remove_direction needs a model's weights, which {model.name} does not give: use a local model"
        )
    import torch

    from eval.refusal_direction import known_direction

    device = model.module.device
    vector = torch.tensor(known_direction(model).vector, device=device)
    rows = torch.tensor([request.applies for request in requests], device=device)
    with direction_removed(model.module, vector, rows):
        yield


@contextmanager
def direction_removed(module: Any, vector: "torch.Tensor", rows: "torch.Tensor") -> Iterator[None]:
    """While open, project what the embeddings and every layer give out off a direction; restored on every exit.

    Args:
        module: a transformers model.
        vector: unit vector, shape (hidden size,).
        rows: boolean, shape (conversations,): where it is done.
    """

    def project(_module: Any, _args: Any, output: Any) -> Any:
        states = output[0] if isinstance(output, tuple) else output
        batch = current()
        chosen = rows if batch is None else rows[batch.places]
        along = (states.float() @ vector)[..., None] * vector * chosen[:, None, None]
        removed = states - along.to(states.dtype)
        return (removed, *output[1:]) if isinstance(output, tuple) else removed

    with row_by_row(0), ExitStack() as stack:
        for part in (module.get_input_embeddings(), *module.get_decoder().layers):
            stack.callback(part.register_forward_hook(project).remove)
        yield
