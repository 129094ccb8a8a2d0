"""The refusal score without cache, batch or shared openers: what the fast one must agree with."""

from collections.abc import Sequence

import numpy as np
import torch

from eval.models.protocol import OpenWeights
from eval.record import Conversation, Span
from eval.removal import Coalitions
from eval.target import Array, Target
from eval.words import without

AGREEMENT = 1e-3  # nats, in float32


@torch.inference_mode()
def slow_scores(
    model: OpenWeights, messages: Conversation, features: Sequence[Span], target: Target, coalitions: Coalitions
) -> Array:
    """The score of each coalition, shape (coalitions,), in nats, words deleted; one whole pass per continuation."""
    continuations = [[token for _, token in path] for path in target.paths]
    paths = []
    for kept in coalitions:
        removed = [span for span, keep in zip(features, kept, strict=True) if not keep]
        prompt = model.tokenizer(model.render(without(messages, removed)), add_special_tokens=False)["input_ids"]
        paths.append([_log_probability(model, prompt, ids) for ids in continuations])
    return np.asarray(target.reduce(np.array(paths)))


def _log_probability(model: OpenWeights, prompt: list[int], continuation: list[int]) -> float:
    ids = torch.tensor([prompt + continuation], device=model.module.device)
    logits = model.module(ids, logits_to_keep=len(continuation) + 1).logits[0, :-1].float().log_softmax(-1)
    return float(logits[torch.arange(len(continuation)), continuation].sum())
