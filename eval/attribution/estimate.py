"""What an attribution would take, told before any weights are loaded: evaluations, passes, tokens, memory.

The method itself is run, against a score that counts what it is asked instead of running the model.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from pydantic import BaseModel

from eval.attribution import explain, prepare
from eval.attribution.attribution import Behind, Case, Score
from eval.calls import BATCH, JUDGED
from eval.models.memory import batch_bytes, cache_bytes, free_bytes, weights_bytes
from eval.models.protocol import Model, OpenWeights, Reply
from eval.models.transformers import best_device
from eval.record import Conversation
from eval.removal import Coalitions, Neutral, Row
from eval.score import CUDA_TOKEN_BUDGET, TOKEN_BUDGET, RefusalScore, Trunk
from eval.score.gradient import Gradients, GradientScore
from eval.score.packing import lanes
from eval.target import Array


class Estimate(BaseModel):
    """About what an attribution needs. `memory_bytes` is of weights and work together, at the largest batch.

    Python and its libraries (about 0.5 GB) come on top, and answering. Methods that look where a word was found need
    more or fewer evaluations than told, as the model has it.
    """

    model: str
    method: str
    target: str
    removal: str
    words: int
    evaluations: int
    passes: int
    tokens: int
    dtype: str
    device: str
    weights_bytes: int
    memory_bytes: int
    free_bytes: int
    fits: bool
    note: str


class CountingScore(RefusalScore):
    """Tokenises and fills batches as the refusal score does, and runs none of them; `bytes` is of the largest."""

    bytes = 0

    def _cache_of(self, ids: list[int]) -> Any:  # noqa: ARG002
        return ()

    def _run(self, texts: list[Row], shared: list[int], trunk: Trunk) -> Array:  # noqa: ARG002
        nodes, cached = len(self._target.tokens), max(shared)
        places, width = lanes([len(row.ids) - own + nodes for row, own in zip(texts, shared, strict=True)], cached)
        count = 1 + max(lane for lane, _ in places)
        batch = batch_bytes(self._model.module, count, width, cached, len(texts) * (1 + nodes))
        held = sum(len(one.ids) for one in (self._trunk, self._branch) if one)
        self.bytes = max(self.bytes, cache_bytes(self._model.module, held) + batch)
        return np.zeros((len(texts), len(self._target.paths)))


class CountingGradients(GradientScore):
    """Plans as the gradient score does on weights that are not there, and runs nothing; answers are as `MadeUp`'s.

    `bytes` is of the most rows at once.
    """

    bytes = 0

    def values(self, embeddings: torch.Tensor) -> torch.Tensor:
        """From that of no words to that of all, shape (rows,)."""
        return torch.linspace(0, float(made_up(len(self.words)).sum()), len(embeddings))

    def gradients(self, embeddings: torch.Tensor) -> Gradients:
        """Zeros, and what stands for gradients."""
        self._count(len(embeddings))
        return torch.zeros(len(embeddings)), embeddings

    def hidden(self, layer: int) -> Gradients:  # noqa: ARG002  # any costs at most a pass
        """What stands for states and gradients."""
        self._count(1)
        return self.embeddings, self.embeddings

    def by_word(self, values: torch.Tensor) -> Array:  # noqa: ARG002  # they are not there
        """Made up, shape (features,)."""
        return made_up(len(self.words))

    def _count(self, rows: int) -> None:
        self.passes += rows
        self.bytes = max(self.bytes, self.plan.bytes // self.plan.rows * min(rows, self.plan.rows))


@dataclass(frozen=True)
class CountingCase(Case):
    """Gives gradients that only count, and keeps them."""

    given: list[CountingGradients] = field(default_factory=list)

    def gradients(self) -> CountingGradients:
        """Counting ones, of the outline of the model."""
        self.given.append(CountingGradients(self.open[0], self.messages, self.features, self.open[1]))
        return self.given[-1]


class Silent:
    """Answers nothing, and counts a token for four letters and as many new ones as it may write."""

    name, facts = "", dict[str, str]()

    def generate(
        self,
        conversations: Sequence[Conversation],
        max_new_tokens: int = 128,
        *,
        temperature: float = 0.0,  # noqa: ARG002
        seeds: Sequence[int] = (),  # noqa: ARG002
    ) -> list[Reply]:
        """Empty answers."""
        lengths = [sum(len(message.content) for message in messages) // 4 for messages in conversations]
        return [Reply(text="", tokens=max_new_tokens, seconds=0, prompt_tokens=length) for length in lengths]


class MadeUp(Behind):
    """Asks a score that counts, and answers the sum of the made-up shares of the words that are kept."""

    def __call__(self, coalitions: Coalitions) -> Array:
        """Made up, shape (coalitions,)."""
        self.score(coalitions)
        return np.asarray(coalitions @ made_up(coalitions.shape[1]))


def made_up(words: int) -> Array:
    """Shares as if the middle word were to blame, more than all others together, shape (words,)."""
    shares = np.ones(words)
    shares[words // 2] += words
    return shares


def estimate(
    model: Model,
    messages: Conversation,
    method: str,
    target: str,
    *,
    removal: str,
    neutral: Neutral,
    budget: int,
    seed: int,
    max_new_tokens: int,
) -> Estimate:
    """What `eval.attribution.attribute` would take with these arguments.

    `model` needs no weights, so it may be loaded with device `meta`. A response is taken to have `max_new_tokens`.
    """
    options = (removal, neutral, budget, seed, "rules", max_new_tokens)
    device, weights = best_device(), 0
    if isinstance(model, OpenWeights):
        weights = weights_bytes(model)
    score: Score
    if isinstance(model, OpenWeights) and target != JUDGED:
        case = prepare(model, messages, target, " word" * max_new_tokens, *options)
        score = CountingScore(
            model, messages, case.features, case.open[1], removal=removal, neutral=neutral,
            token_budget=CUDA_TOKEN_BUDGET if device == "cuda" else TOKEN_BUDGET,
        )  # fmt: skip
    else:
        case = prepare(Silent(), messages, JUDGED, "", *options)
        score = case.score
    counting = CountingCase(**{**vars(case), "score": MadeUp(score)})
    found = explain(counting, method, target, removal)
    work = max(_work(model, messages, score, max_new_tokens), *(given.bytes for given in counting.given), 0)
    free = free_bytes(torch.device(device))
    return Estimate(
        model=model.name,
        method=method,
        target=found.target,
        removal=removal,
        words=len(found.features),
        evaluations=found.evaluations,
        passes=found.passes,
        tokens=found.tokens,
        dtype=model.facts.get("dtype", ""),
        device=device,
        weights_bytes=weights,
        memory_bytes=weights + work,
        free_bytes=free,
        fits=weights + work <= free,
        note=found.note,
    )


def _work(model: Model, messages: Conversation, score: Score, max_new_tokens: int) -> int:
    """Bytes of the largest batch; of a model that is asked for text, as many answers as are written at once."""
    if isinstance(score, CountingScore):
        return score.bytes
    if not isinstance(model, OpenWeights):
        return 0
    prompt = len(model.tokenizer(model.render(messages), add_special_tokens=False)["input_ids"])
    count = min(BATCH, score.evaluations)
    return batch_bytes(model.module, count, prompt, max_new_tokens, count)
