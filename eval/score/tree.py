"""A target's tree behind a prompt: what its tokens attend to, where they stand, and how likely its paths are."""

import torch

from eval.errors import InputError, ModelError
from eval.models.protocol import OpenWeights
from eval.target import Target


def check_tree(model: OpenWeights, tokens: int, target: Target) -> None:
    """Whether the model can run `target` behind a prompt of so many tokens.

    Raises:
        ModelError: the model's attention takes no mask.
        InputError: the two do not fit the model's context.
    """
    if model.module.config._attn_implementation not in ("sdpa", "eager"):
        raise ModelError(f"the refusal score needs attention that takes a mask; load {model.name} with sdpa or eager")
    limit = getattr(model.module.config.get_text_config(), "max_position_embeddings", None)
    if limit and tokens + len(target.tokens) > limit:
        raise InputError(f"the conversation has {tokens} tokens; {model.name} holds {limit}: shorten it")


def seen(prompt: int, target: Target) -> torch.Tensor:
    """What attends to what: boolean, shape (prompt + nodes, prompt + nodes), of the last `prompt` tokens of a prompt.

    Each token sees those before it, each inner node of the tree the prompt, its ancestors and itself.
    """
    width = prompt + len(target.tokens)
    mask = torch.zeros(width, width, dtype=torch.bool)
    mask[:, :prompt] = torch.ones(width, prompt, dtype=torch.bool).tril()
    for node, chain in enumerate(target.ancestors):
        mask[prompt + node, [prompt + ancestor for ancestor in chain]] = True
    return mask


def path_log_probabilities(logits: torch.Tensor, target: Target) -> torch.Tensor:
    """Log-probability (nats) of each path, shape (rows, paths), differentiable.

    Args:
        logits: of the prompt's last token and of each inner node, shape (rows, 1 + nodes, vocabulary).
        target: whose paths.
    """
    nodes = [1 + node for path in target.paths for node, _ in path]
    tokens = [token for path in target.paths for _, token in path]
    owners = [at for at, path in enumerate(target.paths) for _ in path]
    steps = torch.log_softmax(logits, -1, dtype=torch.float32)[:, nodes, tokens]
    paths = steps.new_zeros(len(steps), len(target.paths))
    return paths.index_add(1, torch.tensor(owners, device=steps.device), steps)
