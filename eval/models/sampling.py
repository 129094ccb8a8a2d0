"""Sampled answers, each from its own seed: what else is in the batch, and where it runs, does not change the draw.

The argmax of log-probabilities over the temperature with Gumbel noise is a draw from the model's distribution at that
temperature (Gumbel 1954; Maddison et al. 2014, arXiv 1411.0030). The noise of a row comes from its own generator, on
the CPU. There is no top-k and no top-p, whatever the model's own defaults are.
"""

from collections.abc import Sequence
from typing import Any

import torch
from transformers import GenerationConfig, LogitsProcessorList


class GumbelNoise:
    """A logits processor that makes of a greedy choice a draw; a row for each seed."""

    def __init__(self, temperature: float, seeds: Sequence[int]) -> None:
        """`temperature` above 0."""
        self._temperature = temperature
        self._generators = [torch.Generator().manual_seed(seed) for seed in seeds]

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:  # noqa: ARG002
        """Scores over the temperature with fresh noise, shape (rows, vocabulary), in float32."""
        size = scores.shape[-1]
        waits = torch.stack([torch.empty(size).exponential_(generator=one) for one in self._generators])
        return scores.float() / self._temperature - waits.log().to(scores.device)


def sampled(
    module: Any, inputs: Any, max_new_tokens: int, temperature: float, seeds: Sequence[int], stop: list[int], pad: int
) -> torch.Tensor:
    """New tokens, shape (rows, at most `max_new_tokens`), `pad` behind a token of `stop`.

    Args:
        module: a causal language model.
        inputs: ids and mask of left-padded prompts, shape (rows, length).
        max_new_tokens: of an answer.
        temperature: above 0.
        seeds: one for each row.
        stop: tokens that end an answer.
        pad: token behind the end.

    Raises:
        ValueError: there are more or fewer seeds than rows.
    """
    if len(seeds) != len(inputs["input_ids"]):
        raise ValueError(f"{len(seeds)} seeds for {len(inputs['input_ids'])} conversations; give one for each")
    drawn = GenerationConfig(
        do_sample=False,  # the noise makes the argmax a draw
        repetition_penalty=1.0,
        no_repeat_ngram_size=0,
        max_new_tokens=max_new_tokens,
        eos_token_id=stop,
        pad_token_id=pad,
    )
    noise = LogitsProcessorList([GumbelNoise(temperature, seeds)])
    output: torch.Tensor = module.generate(**inputs, generation_config=drawn, logits_processor=noise)
    return output[:, inputs["input_ids"].shape[1] :]
