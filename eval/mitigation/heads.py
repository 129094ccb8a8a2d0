"""Which attention heads make a trigger a refusal: steering them alone keeps more of the model as it was.

PASTA (Zhang et al. 2024, arXiv 2311.02262) tries each head on its own. Here the refusal score's gradient along the
shift of every head's attention, averaged over the way from none to the whole shift, ranks all heads in a few passes per
prompt; how many of the first are steered is chosen by answers. Both on a split that nothing is reported on; kept per
model and revision.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from pydantic import BaseModel

from eval.errors import InputError
from eval.fitted import keep_fitted, read_fitted
from eval.mitigation.attempt import Request
from eval.mitigation.steer import ALPHA, Heads, attention_shifted, head_shape, marked, steered
from eval.models.protocol import OpenWeights
from eval.progress import track
from eval.record import Record
from eval.refusals import refusals, refused_together
from eval.score.gradient import GradientScore
from eval.target import Array, refusal_openers
from eval.words import words

STEPS = 3  # of the way from no shift to the whole
SHARES = (0.05, 0.1, 0.2, 0.4, 0.7, 1.0)  # of all heads that are tried
LEAST = 8  # refused prompts of each label that heads are ranked on


class HeadProfile(BaseModel):
    """Heads to steer, each as (layer, head), those with most effect first.

    `freed` counts refused safe prompts of the split that are answered when these heads are steered, `freed_unsafe` the
    unsafe ones; `freed_all` and `freed_all_unsafe` when all heads are.
    """

    model: str
    revision: str
    heads: list[tuple[int, int]]
    alpha: float
    fitted_on: str
    safe: int
    unsafe: int
    freed: int
    freed_unsafe: int
    freed_all: int
    freed_all_unsafe: int

    @property
    def by_layer(self) -> dict[int, list[int]]:
        """The heads by layer."""
        return _by_layer(self.heads)


def known_heads(model: OpenWeights) -> HeadProfile:
    """The heads that were chosen for this revision of the model.

    Raises:
        ModelError: there are none yet.
    """
    return HeadProfile.model_validate_json(read_fitted("heads", model, "heads to steer are"))


def head_effects(model: OpenWeights, request: Request, alpha: float = ALPHA) -> Array:
    """By how many nats steering each head alone would lower the refusal score, to first order; shape (layers, heads).

    Args:
        model: with open weights.
        request: a conversation with its triggers.
        alpha: of the steering.

    Raises:
        ModelError: the model's attention cannot be steered.
    """
    score = GradientScore(model, request.sent, words(request.sent), refusal_openers(model.tokenizer))
    positions, _ = marked(model, [request.sent], [request.triggers])
    total = torch.zeros(head_shape(model.module))
    for step in range(STEPS):
        part = (step + 0.5) / STEPS
        shifts = torch.full(total.shape, part * math.log(alpha), device=positions.device, requires_grad=True)
        with score.opened(), attention_shifted(model.module, positions, shifts):
            (gradient,) = torch.autograd.grad(score(score.embeddings[None]).sum(), shifts)
        total += gradient.cpu() / STEPS
    return np.asarray((-math.log(alpha) * total).double().numpy())


def fit_heads(model: OpenWeights, records: Sequence[Record], fitted_on: str, alpha: float = ALPHA) -> HeadProfile:
    """Rank the heads by what they do to safe prompts beyond what they do to unsafe ones, and choose how many.

    Triggers are the records' Focus.

    Args:
        model: that refuses some of the records.
        records: safe and unsafe, with Focus.
        fitted_on: what they are, for the file.
        alpha: of the steering.

    Raises:
        InputError: fewer than `LEAST` refused prompts of a label.
    """
    marked_records = [record for record in records if record.focus_spans and record.label]
    refused = refusals(model, [record.messages for record in marked_records], "prompts")
    sides = {
        label: [
            Request(record.messages, record.focus_spans)
            for record, no in zip(marked_records, refused, strict=True)
            if no and record.label == label
        ]
        for label in ("safe", "unsafe")
    }
    if any(len(side) < LEAST for side in sides.values()):
        counts = " and ".join(f"{len(side)} {label}" for label, side in sides.items())
        raise InputError(f"{counts} prompts with Focus are refused; heads need {LEAST} of each: give more records")
    means = {
        label: np.mean([head_effects(model, request, alpha) for request in track(side, f"heads, {label}")], axis=0)
        for label, side in sides.items()
    }
    order = np.argsort((means["unsafe"] - means["safe"]).ravel(), kind="stable")
    ranked = [(int(at) // means["safe"].shape[1], int(at) % means["safe"].shape[1]) for at in order]
    return _chosen(model, sides, ranked, fitted_on, alpha)


def _chosen(
    model: OpenWeights, sides: dict[str, list[Request]], ranked: list[tuple[int, int]], fitted_on: str, alpha: float
) -> HeadProfile:
    """As many of the first heads as free most safe prompts beyond unsafe ones, by their shares."""
    counts = [max(1, round(share * len(ranked))) for share in SHARES]
    freed = {
        count: {label: _freed(model, side, _by_layer(ranked[:count]), alpha) for label, side in sides.items()}
        for count in counts
    }
    best = max(counts, key=lambda count: sum(
        sign * freed[count][label] / len(sides[label]) for label, sign in (("safe", 1), ("unsafe", -1))
    ))  # fmt: skip
    return HeadProfile(
        model=model.name,
        revision=model.facts["revision"],
        heads=ranked[:best],
        alpha=alpha,
        fitted_on=fitted_on,
        safe=len(sides["safe"]),
        unsafe=len(sides["unsafe"]),
        freed=freed[best]["safe"],
        freed_unsafe=freed[best]["unsafe"],
        freed_all=freed[counts[-1]]["safe"],
        freed_all_unsafe=freed[counts[-1]]["unsafe"],
    )


def _freed(model: OpenWeights, requests: Sequence[Request], heads: Heads, alpha: float) -> int:
    """How many of these refused prompts are answered when the heads are steered."""
    conversations, spans = [request.sent for request in requests], [request.triggers for request in requests]
    with steered(model, conversations, spans, alpha, heads):
        return len(requests) - sum(refused_together(model, conversations))


def _by_layer(heads: Sequence[tuple[int, int]]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for layer, head in heads:
        found.setdefault(layer, []).append(head)
    return found


def save_heads(found: HeadProfile, model: OpenWeights, folder: Path | None = None) -> Path:
    """Write the profile where `known_heads` looks for it; its path."""
    return keep_fitted("heads", model, found.model_dump_json(), folder)
