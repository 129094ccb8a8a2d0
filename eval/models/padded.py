"""Answers by transformers' own loop, in left-padded batches, for models that `decode` cannot run."""

from collections.abc import Sequence
from typing import Any

import torch
from transformers import GenerationConfig, LogitsProcessorList

from eval.models.decoding import Limits
from eval.models.running import Rows, running
from eval.models.sampling import GumbelNoise


@torch.inference_mode()
def decode_padded(
    module: Any,
    prompts: Sequence[list[int]],
    max_new_tokens: int,
    stop: Sequence[int],
    limits: Limits,
    answers: dict[int, list[int]],
    noise: GumbelNoise | None = None,
) -> None:
    """As `eval.models.decoding.decode`, but for answers that may end early."""
    pad = stop[0] if stop else 0
    greedy = GenerationConfig(
        do_sample=False,  # of sampled answers, noise makes the argmax a draw
        repetition_penalty=1.0,  # or the model's own default would bend the argmax
        no_repeat_ngram_size=0,
        max_new_tokens=max_new_tokens,
        eos_token_id=list(stop),
        pad_token_id=pad,
    )
    left = sorted((i for i in range(len(prompts)) if i not in answers), key=lambda i: len(prompts[i]), reverse=True)
    while left:
        width = len(prompts[left[0]])
        batch = left[: max(1, min(limits.rows, limits.cached_tokens // (width + max_new_tokens)))]
        left = left[len(batch) :]
        ids = torch.full((len(batch), width), pad)
        for row, place in enumerate(batch):
            ids[row, width - len(prompts[place]) :] = torch.tensor(prompts[place])
        lengths = torch.tensor([len(prompts[place]) for place in batch])
        mask = torch.arange(width) >= width - lengths[:, None]
        rows = Rows(*(part.to(module.device) for part in (torch.tensor(batch), lengths, width - lengths)))
        with running(rows):
            output = module.generate(
                input_ids=ids.to(module.device),
                attention_mask=mask.long().to(module.device),
                generation_config=greedy,
                logits_processor=_drawing(noise, batch),
            )
        for place, tokens in zip(batch, output[:, width:].tolist(), strict=True):
            ends = [at for at, token in enumerate(tokens) if token in stop]
            answers[place] = tokens[: ends[0]] if ends else tokens


def _drawing(noise: GumbelNoise | None, places: Sequence[int]) -> LogitsProcessorList:
    if noise is None:
        return LogitsProcessorList()
    noise.begin(places)
    return LogitsProcessorList([lambda _ids, scores: noise(places, scores)])
