"""The refusal score: log-odds (nats) of refusing, of many word coalitions at once; higher = more refusal. All in torch.

What is scored is a target (`eval.target`), how words are taken out a removal (`eval.removal`). `coalitions` is the hot
path that attribution asks, `gradient` its counterpart for methods that need gradients or hidden states; `tree` says
what a target's tokens attend to, `packing` lays rows of different lengths behind one another. Models that give text
alone are asked by `eval.calls`.
"""

from eval.score.coalitions import CUDA_TOKEN_BUDGET, TOKEN_BUDGET, RefusalScore, Trunk, refusal_score

__all__ = ["CUDA_TOKEN_BUDGET", "TOKEN_BUDGET", "RefusalScore", "Trunk", "refusal_score"]
