"""Sampled answers, each from its own seed: what else is in the batch, and where it runs, does not change the draw.

The argmax of log-probabilities over the temperature with Gumbel noise is a draw from the model's distribution at that
temperature (Gumbel 1954; Maddison et al. 2014, arXiv 1411.0030). The noise of an answer comes from its own generator,
on the CPU. There is no top-k and no top-p, whatever the model's own defaults are.
"""

from collections.abc import Sequence

import torch


class GumbelNoise:
    """Makes of a greedy choice a draw."""

    def __init__(self, temperature: float, seeds: Sequence[int], count: int) -> None:
        """`temperature` above 0, and a seed for each of `count` answers.

        Raises:
            ValueError: there are more or fewer seeds than answers.
        """
        if len(seeds) != count:
            raise ValueError(f"{len(seeds)} seeds for {count} conversations; give one for each")
        self._temperature, self._seeds = temperature, seeds
        self._generators: dict[int, torch.Generator] = {}

    def begin(self, places: Sequence[int]) -> None:
        """These answers begin, or begin again."""
        self._generators.update((place, torch.Generator().manual_seed(self._seeds[place])) for place in places)

    def __call__(self, places: Sequence[int], logits: torch.Tensor) -> torch.Tensor:
        """Logits over the temperature with fresh noise, in float32.

        Args:
            places: of the answers in these rows.
            logits: shape (rows, vocabulary).
        """
        size = logits.shape[-1]
        waits = torch.stack([torch.empty(size).exponential_(generator=self._generators[place]) for place in places])
        return logits.float() / self._temperature - waits.log().to(logits.device)
