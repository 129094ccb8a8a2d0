"""The refusal direction: what a model's hidden states differ by between prompts that it refuses and that it answers.

A difference in means in the residual stream (Arditi et al. 2024, arXiv 2406.11717), of one layer, chosen by how often
it names the Focus of refused prompts; fitted once per model on a split that nothing is reported on, and kept. The means
are of the words' states, where Arditi et al. take those of the last tokens: the direction is to tell words apart, and
at the last token it is one that hardly any word has (docs/attribution.md has figures).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from pydantic import BaseModel

from eval.errors import InputError
from eval.fitted import keep_fitted, read_fitted
from eval.models.protocol import OpenWeights
from eval.models.tokens import word_tokens
from eval.progress import track
from eval.record import Record
from eval.refusals import refusals
from eval.score.gradient import GradientScore
from eval.target import Array, refusal_openers
from eval.words import words

CANDIDATES = 8  # layers tried, spread evenly over the model's first nine tenths
LEAST = 8  # prompts of each side that means are taken of


class RefusalDirection(BaseModel):
    """A unit vector in the residual stream behind a decoder layer; towards refusal.

    `answered` is how far the words of answered prompts reach along it, on average. `hits` of `prompts` refused prompts
    had their Focus named first, on the split that the layer was chosen on.
    """

    model: str
    revision: str
    layer: int
    vector: list[float]
    answered: float
    fitted_on: str
    prompts: int
    hits: int


def known_direction(model: OpenWeights) -> RefusalDirection:
    """The direction that was fitted for this revision of the model.

    Raises:
        ModelError: there is none yet.
    """
    return RefusalDirection.model_validate_json(read_fitted("directions", model, "refusal direction is"))


def save_direction(found: RefusalDirection, model: OpenWeights, folder: Path | None = None) -> Path:
    """Write the direction where `known_direction` looks for it; its path."""
    return keep_fitted("directions", model, found.model_dump_json(), folder)


def fit_direction(model: OpenWeights, records: Sequence[Record], fitted_on: str) -> RefusalDirection:
    """The direction in the layer that names the Focus of refused safe records best.

    Args:
        model: that refuses some of the records.
        records: single prompts and dialogues, safe and unsafe; at least `LEAST` refused, answered, and with a Focus.
        fitted_on: what they are, for the file.

    Raises:
        InputError: the model refuses, or answers, too few of them.
    """
    refused = np.array(refusals(model, [record.messages for record in records], "prompts"))
    marked = [r for r, was in zip(records, refused, strict=True) if was and r.label == "safe" and r.focus_spans]
    if min(refused.sum(), (~refused).sum(), len(marked)) < LEAST:
        raise InputError(
            f"{model.name} refuses {refused.sum()} of {len(records)} prompts, {len(marked)} of them safe with a Focus; "
            f"a direction needs {LEAST} of each, refused and answered: give another dataset"
        )
    layers = layers_of(model)
    states = _states(model, records, layers)
    options = []
    for at, layer in enumerate(layers):
        vector = states[refused, at].mean(0) - states[~refused, at].mean(0)
        vector /= np.linalg.norm(vector)
        answered = float((states[~refused, at] @ vector).mean())
        options.append(
            RefusalDirection(
                model=model.name, revision=model.facts["revision"], layer=layer, vector=vector.tolist(),
                answered=answered, fitted_on=fitted_on, prompts=len(marked), hits=0,
            )
        )  # fmt: skip
    counts = np.sum([_hits(model, record, options) for record in track(marked, "layers")], axis=0)
    best = int(np.argmax(counts))
    return options[best].model_copy(update={"hits": int(counts[best])})


def direction_shares(score: GradientScore, direction: RefusalDirection) -> Array:
    """Each word's part in the score along the direction, nats, shape (features,); one pass forward and backward.

    To first order: how far the word's hidden states lie beyond those of answered prompts, times how much the score
    rises with them.
    """
    states, gradients = score.hidden(direction.layer)
    vector = torch.tensor(direction.vector, device=states.device)
    return score.by_word((states.float() @ vector - direction.answered) * (gradients.float() @ vector))


def layers_of(model: OpenWeights) -> list[int]:
    """The layers that are tried; the last tenth is left out, where hardly anything reads the words any more."""
    count = len(model.module.get_decoder().layers)
    return sorted({int(at) for at in np.linspace(0, 0.9 * (count - 1), CANDIDATES)})


def _hits(model: OpenWeights, record: Record, options: Sequence[RefusalDirection]) -> list[bool]:
    features = words(record.messages)
    score = GradientScore(model, record.messages, features, refusal_openers(model.tokenizer))
    tops = [features[int(np.argmax(direction_shares(score, option)))] for option in options]
    return [any(top.overlaps(span) for span in record.focus_spans) for top in tops]


@torch.inference_mode()
def _states(model: OpenWeights, records: Sequence[Record], layers: Sequence[int]) -> Array:
    """The mean hidden state of each record's words, shape (records, layers, hidden size)."""
    found = []
    for record in track(records, "hidden states"):
        ids, places = word_tokens(model, record.messages, words(record.messages))
        at = sorted({token for word in places for token in word})
        rows = torch.tensor([ids], device=model.module.device)
        states = model.module(input_ids=rows, output_hidden_states=True, logits_to_keep=1).hidden_states
        found.append(torch.stack([states[layer + 1][0, at].float().mean(0) for layer in layers]))
    return np.asarray(torch.stack(found).double().cpu().numpy())
