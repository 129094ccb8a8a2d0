"""The refusal score of many word coalitions at once: the hot path that every attribution method asks.

The conversation as it is runs once, and its KV cache is what every coalition goes on from, at its first token that
differs; where all coalitions of a request leave out the same long stretch, so does the trunk that they go on from;
equal coalitions run once; batches are filled by token count, and halved where memory runs out; the openers' tree runs
in the same pass as the prompt; the output head runs only where it is read.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from eval.errors import ModelError
from eval.evaluations import count
from eval.models.forward import alike, cache_of, reading, repeated
from eval.models.memory import out_of_memory
from eval.models.protocol import OpenWeights
from eval.record import Conversation, Span
from eval.removal import Coalitions, Neutral, Row, rows
from eval.score.packing import pack
from eval.score.tree import check_tree, path_log_probabilities
from eval.target import Array, Target

TOKEN_BUDGET = 1024  # on the CPU: activations of more leave its caches
CUDA_TOKEN_BUDGET = 16384
LOGIT_BUDGET = 2**28  # logits of one batch; 1 GiB in float32


class Trunk(NamedTuple):
    """Tokens that ran once, and their keys and values."""

    ids: list[int]
    cache: Any

    def shared(self, texts: Sequence[Row]) -> list[int]:
        """How many of the trunk's first tokens each row begins with, itself less its last token and what is hidden."""
        return [min([alike(row.ids[:-1], self.ids), *row.hidden]) for row in texts]


def refusal_score(model: OpenWeights, messages: Conversation, target: Target) -> float:
    """The score of a conversation as it is, in nats; higher = more refusal."""
    return float(RefusalScore(model, messages, [], target)(np.ones((1, 0), dtype=bool))[0])


class RefusalScore:
    """`score(coalitions) -> nats` for one conversation.

    `evaluations` counts the distinct coalitions computed, `tokens` the positions that ran through the model for them.
    """

    def __init__(
        self, model: OpenWeights, messages: Conversation, features: Sequence[Span], target: Target, *,
        removal: str = "delete", neutral: Neutral | None = None, token_budget: int | None = None,
    ) -> None:  # fmt: skip
        """Prepare to score `messages` with any of its `features` removed.

        Args:
            model: with open weights.
            messages: the conversation.
            features: words of it, disjoint, in reading order.
            target: what is scored.
            removal: a name in `eval.removal.REMOVALS`.
            neutral: replacements of some words, for the removal `neutral`.
            token_budget: positions of one batch; by the device if absent.

        Raises:
            ModelError: the model's attention takes no mask.
        """
        check_tree(model, 0, target)
        self._model, self._messages, self._features, self._target = model, messages, list(features), target
        self._removal, self._neutral = removal, neutral or {}
        cuda = model.module.device.type == "cuda"
        self._budget = token_budget or (CUDA_TOKEN_BUDGET if cuda else TOKEN_BUDGET)
        self._known: dict[bytes, float] = {}
        self._trunk: Trunk | None = None
        self._branch: Trunk | None = None
        self.tokens = 0

    @property
    def evaluations(self) -> int:
        """How many distinct coalitions the model has run."""
        return len(self._known)

    def __call__(self, coalitions: Coalitions) -> Array:
        """The score of each coalition in nats, shape (coalitions,); higher = more refusal.

        Args:
            coalitions: shape (coalitions, features); True keeps the word in the text.

        Raises:
            InputError: a conversation does not fit the model's context.
            ModelError: the model's logits are not finite.
        """
        new = {row.tobytes(): row for row in coalitions if row.tobytes() not in self._known}
        if new:
            self._known.update(zip(new, self._scores(list(new.values())), strict=True))
        return np.array([self._known[row.tobytes()] for row in coalitions])

    @torch.inference_mode()
    def _scores(self, coalitions: list[Coalitions]) -> list[float]:
        texts = rows(self._removal, self._model, self._messages, self._features, self._neutral, coalitions)
        trunk, shared = self._trunk_of(np.any(coalitions, axis=0), texts)
        scores, done, asked = np.empty(len(texts)), self.evaluations, self.evaluations + len(texts)
        for batch in self._batches([len(row.ids) - common for row, common in zip(texts, shared, strict=True)]):
            for part, paths in self._run_or_halve(batch, texts, shared, trunk):
                scores[part] = self._target.reduce(paths)
                done += len(part)
                count(done, asked)
        if not np.isfinite(scores).all():
            raise ModelError(f"{self._model.name} gives logits that are not finite; load it with dtype float32")
        return scores.tolist()

    def _trunk_of(self, kept: Coalitions, texts: Sequence[Row]) -> tuple[Trunk, list[int]]:
        """What these rows go on from, and how much of it each shares.

        It is the conversation as it is, or without the words that they, or rows before them, leave out.

        Args:
            kept: by any of the rows, shape (features,).
            texts: the rows.
        """
        check_tree(self._model, max(len(row.ids) for row in texts), self._target)
        if self._trunk is None:
            self._trunk = self._run_trunk(self._row(np.ones(len(self._features), dtype=bool), "delete"))
        options = [(trunk, trunk.shared(texts)) for trunk in (self._trunk, self._branch) if trunk]
        best = max(options, key=lambda option: sum(option[1]))
        if len(texts) == 1 or kept.all() or self._removal == "mask":  # what is masked is in every row
            return best
        row = self._row(kept, self._removal)
        own = Trunk(row.ids[:-1], None).shared(texts)
        if sum(own) <= sum(best[1]) + len(row.ids):
            return best
        self._branch = self._run_trunk(row)
        return self._branch, own

    def _row(self, kept: Coalitions, removal: str) -> Row:
        return rows(removal, self._model, self._messages, self._features, self._neutral, [kept])[0]

    def _run_trunk(self, row: Row) -> Trunk:
        """Run a row once, less its last token, which every row runs itself."""
        check_tree(self._model, len(row.ids), self._target)
        ids = row.ids[:-1]
        self.tokens += len(ids)
        return Trunk(ids, self._cache_of(ids))

    def _cache_of(self, ids: list[int]) -> Any:
        return cache_of(self._model.module, ids)

    def _batches(self, lengths: list[int]) -> Iterator[list[int]]:
        """Indices of rows, long ones first, as many at once as the token budget holds."""
        order = sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True)
        extra = len(self._target.tokens)
        most = LOGIT_BUDGET // ((1 + extra) * self._model.module.config.get_text_config().vocab_size)
        while order:
            ends = np.cumsum([lengths[i] + extra for i in order])
            size = max(1, min(most, int(np.searchsorted(ends, self._budget, side="right"))))
            yield order[:size]
            order = order[size:]

    def _run_or_halve(
        self, batch: list[int], texts: list[Row], shared: list[int], trunk: Trunk
    ) -> list[tuple[list[int], Array]]:
        """The batch's rows with the log-probabilities of the target's paths; in halves if memory runs out."""
        try:
            paths = self._run([texts[i] for i in batch], [shared[i] for i in batch], trunk)
            self.tokens += sum(len(texts[i].ids) - shared[i] + len(self._target.tokens) for i in batch)
            return [(batch, paths)]
        except RuntimeError as error:
            if len(batch) == 1 or not out_of_memory(error):
                raise
        halves = (batch[: len(batch) // 2], batch[len(batch) // 2 :])
        return [part for half in halves for part in self._run_or_halve(half, texts, shared, trunk)]

    def _run(self, texts: list[Row], shared: list[int], trunk: Trunk) -> Array:
        """Log-probabilities of the target's paths, shape (rows, paths)."""
        common = max(shared)
        packed = pack(texts, shared, self._target, self._model.module.get_input_embeddings().weight)
        with reading(self._model.module, packed.reads):
            logits = self._model.module(
                input_ids=packed.ids,
                position_ids=packed.positions,
                attention_mask=packed.mask,
                cache=repeated(trunk.cache, len(packed.ids), common) if common else None,
                use_cache=common > 0,
            ).logits
        logits = logits.view(len(texts), 1 + len(self._target.tokens), -1)
        return np.asarray(path_log_probabilities(logits, self._target).cpu().double().numpy())
