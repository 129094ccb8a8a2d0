"""The gradient of the refusal score: with respect to the words' embeddings, or to their hidden states in any layer.

The counterpart of `eval.score` for the conversation as it is. The tokens before the first word run once, without
gradients, and their KV cache is what all rows go on from; the target's tree runs in the same pass; weights have no
gradients; the output head runs only where it is read; batches are halved where memory runs out.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from eval.errors import ModelError
from eval.models.forward import additive, cache_of
from eval.models.memory import Plan, out_of_memory, plan, recomputed
from eval.models.protocol import OpenWeights
from eval.models.tokens import word_tokens
from eval.record import Conversation, Span
from eval.score.tree import check_tree, path_log_probabilities, seen
from eval.target import Array, Target

Gradients = tuple[torch.Tensor, torch.Tensor]


class GradientScore:
    """The refusal score of one conversation as a differentiable function of its words' embeddings.

    `embeddings` are those of the word tokens as they are, shape (word tokens, hidden size), in the order of the text;
    the tokens between words, of the template and of the target stay as they are. `words` are the indices among them of
    each feature's tokens. `passes` counts the rows that ran forward and backward.
    """

    def __init__(self, model: OpenWeights, messages: Conversation, features: Sequence[Span], target: Target) -> None:
        """Prepare to score `messages`, whose `features` are words of it in reading order.

        Raises:
            ModelError: the model's attention takes no mask, or the words cannot be found among the tokens.
            InputError: the conversation does not fit the model's context.
        """
        ids, places = word_tokens(model, messages, features)
        check_tree(model, len(ids), target)
        tokens = sorted({at for word in places for at in word})
        if not tokens:
            raise ModelError(f"no token of {model.name} belongs to a word; use --method ablation")
        self._model, self._target, self._module = model, target, model.module
        self.words = [[tokens.index(at) for at in word] for word in places]
        first, device = tokens[0], model.module.device
        self._at = torch.tensor(tokens, device=device) - first
        with torch.no_grad():
            rest = torch.tensor([[*ids[first:], *target.tokens]], device=device)
            self._fixed = self._module.get_input_embeddings()(rest)
            self._prefix = cache_of(self._module, ids[:first]) if first else None
        self.embeddings = self._fixed[0, self._at]
        nodes = torch.tensor(target.depths, dtype=torch.long) + len(ids)
        self._positions = torch.cat([torch.arange(first, len(ids)), nodes])[None].to(device)
        width, read = rest.shape[1], 1 + len(target.tokens)
        self._read = torch.arange(width - read, width, device=device)  # gathered, not sliced: one matrix, not a batch
        own = seen(len(ids) - first, target)
        mask = torch.cat([torch.ones(len(own), first, dtype=torch.bool), own], dim=1)  # all of the prefix is seen
        self._mask = additive(mask.to(device), self._fixed.dtype)[None, None]
        self.plan: Plan = plan(self._module, width, first, read)
        self.passes = 0

    def __call__(self, embeddings: torch.Tensor) -> torch.Tensor:
        """Nats of each row, shape (rows,), differentiable; higher = more refusal.

        Args:
            embeddings: of the word tokens, shape (rows, word tokens, hidden size).
        """
        rows = len(embeddings)
        cache = _unchanging(self._prefix, rows) if self._prefix else None
        logits = self._module(
            inputs_embeds=self._fixed.expand(rows, -1, -1).index_copy(1, self._at, embeddings),
            position_ids=self._positions,
            attention_mask=self._mask,
            cache=cache,
            use_cache=cache is not None,
            logits_to_keep=self._read,
        ).logits
        scores: torch.Tensor = self._target.reduce(path_log_probabilities(logits, self._target))
        return scores

    @torch.no_grad()
    def values(self, embeddings: torch.Tensor) -> torch.Tensor:
        """Nats of each row, shape (rows,), without gradients; arguments and errors as below."""
        scores = torch.cat([self(part) for part in torch.split(embeddings, self.plan.rows)])
        return self._finite(scores, scores)[0]

    def gradients(self, embeddings: torch.Tensor) -> Gradients:
        """Nats of each row, shape (rows,), and their gradients, of the embeddings' shape.

        Args:
            embeddings: of the word tokens, shape (rows, word tokens, hidden size).

        Raises:
            ModelError: a score or a gradient is not finite.
        """
        with self.opened():
            parts = [self._run_or_halve(part) for part in torch.split(embeddings.detach(), self.plan.rows)]
        return self._finite(torch.cat([part[0] for part in parts]), torch.cat([part[1] for part in parts]))

    def hidden(self, layer: int) -> Gradients:
        """What decoder layer `layer` gives out at the word tokens, and the score's gradient along it.

        Both of shape (word tokens, hidden size), from one pass forward and one backward down to that layer.

        Args:
            layer: from 0; the states are the residual stream behind it. Negative counts from the last, behind which
                nothing reads the words, so that the gradient is 0.

        Raises:
            ModelError: the score or a gradient is not finite.
        """
        with self.opened(), _leaf(self._module.get_decoder().layers[layer]) as leaves:
            score = self(self.embeddings[None])
            (gradient,) = torch.autograd.grad(score.sum(), leaves)
        self.passes += 1
        self._finite(score, gradient)
        return leaves[0].detach()[0, self._at], gradient[0, self._at]

    def by_word(self, values: torch.Tensor) -> Array:
        """Sums over each word's tokens, shape (word tokens,) -> (features,); a token of two counts half in each."""
        count = np.bincount([at for word in self.words for at in word], minlength=len(values))
        parts = values.detach().double().cpu().numpy() / np.maximum(count, 1)
        return np.array([parts[word].sum() for word in self.words])

    @contextmanager
    def opened(self) -> Iterator[None]:
        """While open, calls keep what gradients need; weights have none."""
        with ExitStack() as stack:
            stack.enter_context(torch.enable_grad())
            stack.enter_context(_frozen(self._module))
            if self.plan.recompute:
                stack.enter_context(recomputed(self._module.get_decoder().layers))
            yield

    def _run_or_halve(self, embeddings: torch.Tensor) -> Gradients:
        try:
            leaf = embeddings.clone().requires_grad_()
            scores = self(leaf)
            (gradients,) = torch.autograd.grad(scores.sum(), leaf)
        except RuntimeError as error:
            if len(embeddings) == 1 or not out_of_memory(error):
                raise
        else:
            self.passes += len(embeddings)
            return scores.detach(), gradients
        first, second = (self._run_or_halve(half) for half in embeddings.tensor_split(2))
        return torch.cat([first[0], second[0]]), torch.cat([first[1], second[1]])

    def _finite(self, scores: torch.Tensor, gradients: torch.Tensor) -> Gradients:
        for what, values in (("logits", scores), ("gradients", gradients)):
            if not values.isfinite().all():
                raise ModelError(f"{self._model.name} gives {what} that are not finite; load it with dtype float32")
        return scores, gradients


class _PrefixLayer(DynamicLayer):  # type: ignore[misc]  # transformers' types are not followed
    """One layer's keys and values of the prefix, which stay as they are, so that a layer may run twice."""

    def __init__(self, layer: Any, rows: int) -> None:
        super().__init__()
        self.keys, self.values = layer.keys.expand(rows, -1, -1, -1), layer.values.expand(rows, -1, -1, -1)
        self.is_initialized = True

    def update(self, keys: Any, values: Any, *_: Any, **__: Any) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.cat([self.keys, keys], dim=-2), torch.cat([self.values, values], dim=-2)


def _unchanging(cache: Any, rows: int) -> Any:
    """As `eval.models.forward.repeated`, of layers that stay as they are."""
    expanded = DynamicCache()
    expanded.layers = [_PrefixLayer(layer, rows) for layer in cache.layers]
    return expanded


@contextmanager
def _frozen(module: Any) -> Iterator[None]:
    """While open, no weight has a gradient."""
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    for parameter in trained:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in trained:
            parameter.requires_grad_(True)


@contextmanager
def _leaf(layer: Any) -> Iterator[list[torch.Tensor]]:
    """While open, what `layer` gives out is where gradients end, and is kept in the list."""
    kept: list[torch.Tensor] = []

    def cut(_module: Any, _args: Any, output: Any) -> Any:
        states = output[0] if isinstance(output, tuple) else output
        kept.append(states.detach().requires_grad_())
        return (kept[0], *output[1:]) if isinstance(output, tuple) else kept[0]

    handle = layer.register_forward_hook(cut)
    try:
        yield kept
    finally:
        handle.remove()
