"""Attention steering: less attention to the trigger while the model answers. The only place with attention hooks.

After PASTA (Zhang et al. 2024, arXiv 2311.02262) and Beyond Over-Refusal (arXiv 2510.08158): log(alpha) is added to
the attention logits of the trigger's key positions, in every layer and head or in chosen ones, and the softmax
renormalises.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from eval.errors import ModelError
from eval.mitigation.attempt import Request
from eval.models.protocol import Model, OpenWeights
from eval.models.running import current, row_by_row
from eval.models.tokens import word_tokens
from eval.record import Conversation, Span

if TYPE_CHECKING:
    import torch

ALPHA = 0.01
Heads = Mapping[int, Sequence[int]]
"""Attention heads by layer, both from 0."""


@contextmanager
def steer(
    model: Model, requests: Sequence[Request], alpha: float = ALPHA, heads: Heads | None = None
) -> Iterator[None]:
    """While open, attention to the triggers is multiplied by `alpha`, in all heads or these; the messages stay.

    Raises:
        ModelError: the model's attention cannot be reached.
    """
    if not isinstance(model, OpenWeights):
        raise ModelError(
            f"steer needs a model's attention, which {model.name} does not give: "
            "use ignore_word or rephrase, or a local model"
        )
    spans = [request.triggers if request.applies else [] for request in requests]
    with steered(model, [request.sent for request in requests], spans, alpha, heads):
        yield


@contextmanager
def steered(
    model: OpenWeights,
    conversations: Sequence[Conversation],
    spans: Sequence[Sequence[Span]],
    alpha: float = ALPHA,
    heads: Heads | None = None,
) -> Iterator[None]:
    """While open, a call of `model.generate(conversations)` attends less to the spans of each conversation.

    Args:
        model: with open weights.
        conversations: exactly those that it will answer.
        spans: of each.
        alpha: what attention is multiplied by, in (0, 1].
        heads: where; everywhere if absent.

    Raises:
        ModelError: the model's attention cannot be steered, or has no such heads.
    """
    positions, alike = marked(model, conversations, spans)
    with attention_divided(model.module, positions, alpha, alike, heads):
        yield


def marked(
    model: OpenWeights, conversations: Sequence[Conversation], spans: Sequence[Sequence[Span]]
) -> tuple["torch.Tensor", int]:
    """The spans' tokens in a left-padded batch, shape (conversations, width), and how many first tokens have none.

    Raises:
        ModelError: the tokenizer or the chat template does not tell where the words are.
    """
    import torch

    found = [word_tokens(model, messages, own) for messages, own in zip(conversations, spans, strict=True)]
    width = alike = max(len(ids) for ids, _ in found)
    positions = torch.zeros(len(found), width, dtype=torch.bool)
    for row, (ids, places) in enumerate(found):
        for place in chain(*places):
            positions[row, width - len(ids) + place] = True
            alike = min(alike, place)
    return positions.to(model.module.device), alike


@contextmanager
def attention_divided(
    module: Any, positions: "torch.Tensor", alpha: float, alike: int = 0, heads: Heads | None = None
) -> Iterator[None]:
    """While open, multiply `module`'s attention to some key positions by `alpha` (before renormalisation).

    Works with left-padded batches of all rows, with batches of some of them that `eval.models.running` tells of, and
    with the KV cache: keys of generated tokens are untouched. The model is restored on every exit.

    Args:
        module: a transformers model that takes its attention from `AttentionInterface`.
        positions: boolean, shape (batch, prompt length), padding included: the key positions to steer.
        alpha: in (0, 1]; 1 changes nothing.
        alike: of how many first tokens of each row none is steered.
        heads: where; everywhere if absent.

    Raises:
        ValueError: alpha is outside (0, 1].
        ModelError: the model's attention cannot be steered, or has no such heads.
    """
    import torch

    if not 0 < alpha <= 1:
        raise ValueError(f"alpha is {alpha}; it must lie in (0, 1]")
    shape = head_shape(module)
    shifts = torch.full(shape, math.log(alpha)) if heads is None else torch.zeros(shape)
    for layer, chosen in (heads or {}).items():
        if not all(0 <= at < size for head in chosen for at, size in zip((layer, head), shape, strict=True)):
            raise ModelError(
                f"the model has {shape[0]} layers of {shape[1]} heads, and no heads {list(chosen)} of {layer}"
            )
        shifts[layer, list(chosen)] = math.log(alpha)
    with attention_shifted(module, positions, shifts.to(module.device), alike):
        yield


def head_shape(module: Any) -> tuple[int, int]:
    """How many layers a model has, and heads in each."""
    config = module.config.get_text_config()
    return config.num_hidden_layers, config.num_attention_heads


@contextmanager
def attention_shifted(module: Any, positions: "torch.Tensor", shifts: "torch.Tensor", alike: int = 0) -> Iterator[None]:
    """While open, a number (nats) is added to the attention logits of some key positions; differentiable in it.

    Args:
        module: as for `attention_divided`, `positions` and `alike` too.
        positions: see there.
        shifts: for each head, shape (layers, heads).
        alike: see there.

    Raises:
        ModelError: the model's attention cannot be steered.
    """
    from transformers import AttentionInterface, AttentionMaskInterface

    before = module.config._attn_implementation
    if before != "sdpa":
        raise ModelError(f"steer works on sdpa attention only, and this model was loaded with {before}")
    name = f"xsb_steer_{uuid4().hex}"
    AttentionInterface.register(name, _steered_attention(positions, shifts))
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


def _steered_attention(positions: "torch.Tensor", shifts: "torch.Tensor") -> Any:
    import torch
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    # one number for all heads of a layer, where that is so, keeps the mask small
    same = [not shift.requires_grad and bool((shift == shift[0]).all()) for shift in shifts]
    by_layer = [shift[:1] if one else shift for shift, one in zip(shifts, same, strict=True)]

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
        shift = by_layer[module.layer_idx].to(query.dtype)
        bias = rows[:, None, None].to(query.dtype) * shift[None, :, None, None]
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
