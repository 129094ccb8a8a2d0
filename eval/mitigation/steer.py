"""Attention steering: less attention to the trigger while the model answers. The only place with attention hooks.

After PASTA (Zhang et al. 2024, arXiv 2311.02262) and Beyond Over-Refusal (arXiv 2510.08158): log(alpha) is added to
the attention logits of the trigger's key positions, in every layer and head, and the softmax renormalises.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from eval.errors import ModelError
from eval.mitigation.attempt import Request
from eval.models.protocol import Model, OpenWeights
from eval.record import Conversation, Span
from eval.rows import current, row_by_row
from eval.words import token_positions, turn_starts

if TYPE_CHECKING:
    import torch

ALPHA = 0.01


@contextmanager
def steer(model: Model, requests: Sequence[Request], alpha: float = ALPHA) -> Iterator[None]:
    """While open, attention to the triggers is multiplied by `alpha`; the messages stay as they are.

    Raises:
        ModelError: the model's attention cannot be reached.
    """
    if not isinstance(model, OpenWeights):
        raise ModelError(
            f"steer needs a model's attention, which {model.name} does not give: "
            "use ignore_word or rephrase, or a local model"
        )
    spans = [request.triggers if request.applies else [] for request in requests]
    with steered(model, [request.sent for request in requests], spans, alpha):
        yield


@contextmanager
def steered(
    model: OpenWeights, conversations: Sequence[Conversation], spans: Sequence[Sequence[Span]], alpha: float = ALPHA
) -> Iterator[None]:
    """While open, a call of `model.generate(conversations)` attends less to the spans of each conversation."""
    import torch

    if not model.tokenizer.is_fast:
        raise ModelError(f"the tokenizer of {model.name} does not tell where its tokens stand; steer is not possible")
    texts = [model.render(messages) for messages in conversations]
    encoded = model.tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True)
    width = alike = max(len(ids) for ids in encoded["input_ids"])
    positions = torch.zeros(len(texts), width, dtype=torch.bool)
    for row, offsets in enumerate(encoded["offset_mapping"]):
        padding = width - len(offsets)
        starts = turn_starts(model.render, conversations[row])
        for place in token_positions(offsets, starts, spans[row]):
            positions[row, padding + place] = True
            alike = min(alike, place)
    with attention_divided(model.module, positions.to(model.module.device), alpha, alike):
        yield


@contextmanager
def attention_divided(module: Any, positions: "torch.Tensor", alpha: float, alike: int = 0) -> Iterator[None]:
    """While open, multiply `module`'s attention to some key positions by `alpha` (before renormalisation).

    Works with left-padded batches of all rows, with batches of some of them that `eval.rows` tells of, and with the KV
    cache: keys of generated tokens are untouched. The model is restored on every exit.

    Args:
        module: a transformers model that takes its attention from `AttentionInterface`.
        positions: boolean, shape (batch, prompt length), padding included: the key positions to steer.
        alpha: in (0, 1]; 1 changes nothing.
        alike: of how many first tokens of each row none is steered.

    Raises:
        ValueError: alpha is outside (0, 1].
        ModelError: the model's attention cannot be steered.
    """
    from transformers import AttentionInterface, AttentionMaskInterface

    if not 0 < alpha <= 1:
        raise ValueError(f"alpha is {alpha}; it must lie in (0, 1]")
    before = module.config._attn_implementation
    if before != "sdpa":
        raise ModelError(f"steer works on sdpa attention only, and this model was loaded with {before}")
    name = f"xsb_steer_{uuid4().hex}"
    AttentionInterface.register(name, _steered_attention(positions, math.log(alpha)))
    AttentionMaskInterface.register(name, _always_a_mask)
    try:
        module.set_attn_implementation(name)
        if module.config._attn_implementation != name:
            raise ModelError("this model's attention cannot be exchanged, so it cannot be steered")
        with row_by_row(alike):
            yield
    finally:
        module.set_attn_implementation(before)
        for interface in (AttentionInterface, AttentionMaskInterface):
            interface._global_mapping.pop(name, None)


def _steered_attention(positions: "torch.Tensor", shift: float) -> Any:
    import torch
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    def steered_rows(keys: int) -> torch.Tensor:
        if rows := current():
            return rows.columns(positions, keys)
        return torch.nn.functional.pad(positions, (0, keys - positions.shape[1]))

    def attention(
        module: Any,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        attention_mask: torch.Tensor,
        **kwargs: Any,
    ) -> tuple[torch.Tensor, None]:
        rows = steered_rows(key.shape[-2])
        bias = query.new_zeros(rows.shape).masked_fill_(rows, shift)[:, None, None]
        blocked = ~attention_mask if attention_mask.dtype == torch.bool else attention_mask < 0
        mask = bias.masked_fill(blocked, torch.finfo(query.dtype).min)
        output: torch.Tensor = sdpa_attention_forward(module, query, key, value, mask, **kwargs)[0]
        return output, None

    return attention


def _always_a_mask(*args: Any, **kwargs: Any) -> "torch.Tensor":
    """SDPA's boolean mask without its short cuts to None, so that there is always one to add to."""
    from transformers.masking_utils import sdpa_mask

    mask: torch.Tensor = sdpa_mask(
        *args, **{**kwargs, "allow_is_causal_skip": False, "allow_is_bidirectional_skip": False}
    )
    return mask
