"""The refusal score of many word coalitions at once: the hot path that every attribution method asks.

What all coalitions share (chat template, system prompt, earlier turns, words before the first one removed) runs once
and its KV cache is reused; equal coalitions run once; batches are filled by token count; the openers' tree runs in
the same pass as the prompt; the output head runs only where it is read.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import DynamicCache

from eval.errors import ModelError
from eval.models.protocol import OpenWeights
from eval.record import Conversation, Span
from eval.target import Array, Target
from eval.words import without

Coalitions = NDArray[np.bool_]
TOKEN_BUDGET = 4096
LOGIT_BUDGET = 2**28  # logits of one batch; 1 GiB in float32


def refusal_score(model: OpenWeights, messages: Conversation, target: Target) -> float:
    """The score of a conversation as it is, in nats; higher = more refusal."""
    return float(RefusalScore(model, messages, [], target)(np.ones((1, 0), dtype=bool))[0])


class RefusalScore:
    """`score(coalitions) -> nats` for one conversation; `evaluations` counts the distinct coalitions computed."""

    def __init__(
        self, model: OpenWeights, messages: Conversation, features: Sequence[Span], target: Target,
        token_budget: int = TOKEN_BUDGET,
    ) -> None:  # fmt: skip
        """Prepare to score `messages` with any of its `features` removed."""
        if model.module.config._attn_implementation not in ("sdpa", "eager"):
            raise ModelError(
                f"the refusal score needs attention that takes a mask; load {model.name} with sdpa or eager"
            )
        self._model = model
        self._messages = messages
        self._features = list(features)
        self._target = target
        self._budget = token_budget
        self._known: dict[bytes, float] = {}
        self._prefix: list[int] = []
        self._cache: Any = None

    @property
    def evaluations(self) -> int:
        """How many distinct coalitions the model has run."""
        return len(self._known)

    def __call__(self, coalitions: Coalitions) -> Array:
        """The score of each coalition in nats, shape (coalitions,); higher = more refusal.

        Args:
            coalitions: shape (coalitions, features); True keeps the word in the text.

        Raises:
            ModelError: the model's logits are not finite.
        """
        new = {row.tobytes(): row for row in coalitions if row.tobytes() not in self._known}
        if new:
            self._known.update(zip(new, self._scores(list(new.values())), strict=True))
        return np.array([self._known[row.tobytes()] for row in coalitions])

    @torch.inference_mode()
    def _scores(self, coalitions: list[Coalitions]) -> list[float]:
        rows = self._tokenised(coalitions)
        shared = self._shared(rows)
        scores = np.empty(len(rows))
        for batch in self._batches([len(row) - shared for row in rows]):
            paths = self._run([rows[i][shared:] for i in batch], shared)
            scores[batch] = self._target.reduce(paths)
        if not np.isfinite(scores).all():
            raise ModelError(f"{self._model.name} gives logits that are not finite; load it with dtype float32")
        return scores.tolist()

    def _tokenised(self, coalitions: list[Coalitions]) -> list[list[int]]:
        texts = []
        for kept in coalitions:
            removed = [span for span, keep in zip(self._features, kept, strict=True) if not keep]
            texts.append(self._model.render(without(self._messages, removed)))
        return list(self._model.tokenizer(texts, add_special_tokens=False)["input_ids"])

    def _shared(self, rows: list[list[int]]) -> int:
        """Length of the tokens that all rows begin with, whose KV cache is computed if it is not there yet."""
        longest = min(len(row) for row in rows) - 1
        columns = enumerate(zip(*(row[:longest] for row in rows), strict=True))
        shared = next((i for i, column in columns if len(set(column)) > 1), longest)
        if rows[0][:shared] != self._prefix[:shared] or shared > len(self._prefix):
            self._prefix = rows[0][:shared]
            self._cache = None
            if shared:
                ids = torch.tensor([self._prefix], device=self._model.module.device)
                self._cache = self._model.module(input_ids=ids, use_cache=True, logits_to_keep=1).cache
        return shared

    def _batches(self, lengths: list[int]) -> Iterator[list[int]]:
        """Indices of rows of about equal length, as many as the token budget holds."""
        order = sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True)
        extra = len(self._target.tokens)
        most = LOGIT_BUDGET // ((1 + extra) * self._model.module.config.get_text_config().vocab_size)
        while order:
            size = max(1, min(most, self._budget // (lengths[order[0]] + extra)))
            yield order[:size]
            order = order[size:]

    def _run(self, suffixes: list[list[int]], shared: int) -> Array:
        """Log-probabilities of the target's paths, shape (rows, paths)."""
        ids, positions, mask = self._inputs(suffixes, shared)
        device = self._model.module.device
        readouts = 1 + len(self._target.tokens)
        logits = self._model.module(
            input_ids=ids.to(device),
            position_ids=positions.to(device),
            attention_mask=mask.to(device),
            cache=self._expanded(len(suffixes), shared),
            use_cache=shared > 0,
            logits_to_keep=readouts,
        ).logits
        nodes = [1 + node for path in self._target.paths for node, _ in path]
        tokens = [token for path in self._target.paths for _, token in path]
        steps = (logits[:, nodes, tokens].float() - logits.float().logsumexp(-1)[:, nodes]).cpu().double().numpy()
        begins = np.cumsum([0] + [len(path) for path in self._target.paths[:-1]])
        return np.asarray(np.add.reduceat(steps, begins, axis=1))

    def _inputs(self, suffixes: list[list[int]], shared: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Ids and positions, shape (rows, width), and what is added to attention, (rows, 1, width, shared + width).

        A row is padding, its suffix, the target's inner nodes: so all rows are read at the same last columns.
        """
        nodes, depths, ancestors = self._target.tokens, self._target.depths, self._target.ancestors
        width = max(map(len, suffixes)) + len(nodes)
        ids = torch.zeros(len(suffixes), width, dtype=torch.long)
        positions = torch.zeros_like(ids)
        mask = torch.zeros(len(suffixes), 1, width, shared + width, dtype=torch.bool)
        mask[..., :shared] = True
        for i, suffix in enumerate(suffixes):
            end = width - len(nodes)
            start = end - len(suffix)
            ids[i, start:] = torch.tensor([*suffix, *nodes])
            positions[i, start:end] = shared + torch.arange(len(suffix))
            positions[i, end:] = shared + len(suffix) + torch.tensor(depths, dtype=torch.long)
            own = mask[i, 0, :, shared:]
            own.fill_diagonal_(True)  # padding must attend to something, or its NaN would spread
            own[start:end, start:end] = torch.ones(len(suffix), len(suffix), dtype=torch.bool).tril()
            own[end:, start:end] = True
            for node, chain in enumerate(ancestors):
                own[end + node, [end + a for a in chain]] = True
        dtype = self._model.module.dtype
        return ids, positions, torch.zeros(mask.shape, dtype=dtype).masked_fill(~mask, torch.finfo(dtype).min)

    def _expanded(self, rows: int, shared: int) -> Any:
        if not shared:
            return None
        cache = DynamicCache()
        for index, layer in enumerate(self._cache.layers):
            keys = layer.keys[:, :, :shared].expand(rows, -1, -1, -1)
            values = layer.values[:, :, :shared].expand(rows, -1, -1, -1)
            cache.update(keys, values, index)
        return cache
