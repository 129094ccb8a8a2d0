"""Answers to many prompts at once: rows that end leave the batch, and rows that wait take their place.

Continuous batching (Yu et al. 2022, Orca, OSDI): long prompts come first, those of like length run through the model
together, and each goes on in a slot of its own. What all prompts begin with runs once. The output head sees only the
tokens that something follows.
"""

from collections.abc import Callable, Iterator, Sequence
from inspect import signature
from typing import Any, NamedTuple

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from eval.models.forward import alike, cache_of, reading, repeated
from eval.models.packed import packed
from eval.models.running import Rows, most_alike, running
from eval.models.sampling import GumbelNoise
from eval.models.slots import Slots

Ended = Callable[[int, list[int]], bool]


class Limits(NamedTuple):
    """Of one batch: rows, tokens of prompts that run at once, and tokens that are kept of all rows."""

    rows: int
    prompt_tokens: int
    cached_tokens: int


CPU_LIMITS = Limits(64, 1024, 2**15)  # more rows or tokens at once are no faster
CUDA_LIMITS = Limits(256, 2**14, 2**16)
JOINING = 4  # prompts join when this part of all slots is free, since a few rows cost hardly less than many
SPREAD = 2  # of the rooms that rows of one pool need: more would leave too much of it empty


def decodable(module: Any) -> bool:
    """Whether `decode` can run the model: attention that takes a mask, and a cache of plain keys and values."""
    if module.config._attn_implementation not in ("sdpa", "eager"):
        return False
    if "position_ids" not in signature(module.forward).parameters:
        return False
    return all(type(layer) is DynamicLayer for layer in DynamicCache(config=module.config).layers)


@torch.inference_mode()
def decode(
    module: Any,
    prompts: Sequence[list[int]],
    max_new_tokens: int,
    stop: Sequence[int],
    limits: Limits,
    answers: dict[int, list[int]],
    ended: Ended = lambda _row, _tokens: False,
    noise: GumbelNoise | None = None,
) -> None:
    """Add the tokens of each prompt's answer to `answers`, unless it is there; the stop token is not in it.

    Args:
        module: a causal language model that is `decodable`.
        prompts: their tokens.
        max_new_tokens: of an answer.
        stop: tokens that end an answer.
        limits: of a batch.
        answers: by place of the prompt; rows are added as they end, so that it holds what was done before an error.
        ended: given a place and the tokens so far, whether the answer may end here.
        noise: of sampled answers; greedy ones have none.
    """
    left = [i for i in range(len(prompts)) if i not in answers]
    if not left:
        return
    with packed(module):
        prefix = _prefix(module, [prompts[i] for i in left], left[0])
        for pool in _pools(left, [len(prompt) + max_new_tokens for prompt in prompts]):
            _Pool(module, prompts, max_new_tokens, set(stop), limits, prefix, answers, ended, noise).run(pool)


class _Prefix(NamedTuple):
    """How many first tokens all prompts share, and their keys and values."""

    length: int
    cache: Any


def _prefix(module: Any, prompts: Sequence[list[int]], place: int) -> _Prefix:
    """What these prompts, the first of which is in this place, begin with, and may be run as one."""
    first, last = min(prompts), max(prompts)
    same, most = alike(first, last), most_alike()
    length = min(same if most is None else most, same, *(len(prompt) - 1 for prompt in prompts))
    if len(prompts) == 1 or not length:
        return _Prefix(0, None)
    with running(_rows([place], [len(prompts[0])], module.device)):
        return _Prefix(length, cache_of(module, first[:length]))


def _rows(places: Sequence[int], lengths: Sequence[int], device: torch.device) -> Rows:
    at = torch.tensor(places, device=device)
    return Rows(at, torch.tensor(lengths, device=device), torch.zeros_like(at))


def _pools(places: Sequence[int], rooms: Sequence[int]) -> Iterator[list[int]]:
    """The places, longest first, in pools of rows that need about as much room."""
    pool: list[int] = []
    for place in sorted(places, key=rooms.__getitem__, reverse=True):
        if pool and rooms[place] * SPREAD < rooms[pool[0]]:
            yield pool
            pool = []
        pool.append(place)
    yield pool


class _Pool:
    """The rows that are being answered: their places, their answers so far, and their slots."""

    def __init__(
        self, module: Any, prompts: Sequence[list[int]], max_new_tokens: int, stop: set[int], limits: Limits,
        prefix: _Prefix, answers: dict[int, list[int]], ended: Ended, noise: GumbelNoise | None,
    ) -> None:  # fmt: skip
        self._module, self._prompts, self._most, self._stop = module, prompts, max_new_tokens, stop
        self._limits, self._prefix, self._answers, self._ended, self._noise = limits, prefix, answers, ended, noise
        self._places: list[int] = []
        self._new: list[list[int]] = []
        self._slots: Slots | None = None

    def run(self, waiting: list[int]) -> None:
        """Answer the prompts in these places, of which the first is the longest."""
        width = len(self._prompts[waiting[0]]) + self._most
        size = max(1, min(self._limits.rows, self._limits.cached_tokens // width, len(waiting)))
        while waiting or self._places:
            free = size - len(self._places)
            if waiting and (not self._places or free * JOINING >= size):
                group = self._group(waiting, free)
                waiting = waiting[len(group) :]
                self._join(group, size, width)
            else:
                self._step()

    def _group(self, waiting: Sequence[int], free: int) -> list[int]:
        longest = len(self._prompts[waiting[0]]) - self._prefix.length
        return list(waiting[: max(1, min(free, self._limits.prompt_tokens // longest))])

    def _join(self, group: list[int], size: int, width: int) -> None:
        """Run prompts, take their answers' first tokens, and give slots to those that go on."""
        device, shared = self._module.device, self._prefix.length
        lengths = [len(self._prompts[place]) for place in group]
        ids = torch.zeros(len(group), max(lengths) - shared, dtype=torch.long)  # what is behind a prompt is not read
        for row, place in enumerate(group):
            ids[row, : lengths[row] - shared] = torch.tensor(self._prompts[place][shared:])
        ends = torch.tensor(lengths, device=device) - shared - 1
        reads = (torch.arange(len(group), device=device), ends)
        with running(_rows(group, lengths, device)), reading(self._module, reads):
            cache = repeated(self._prefix.cache, len(group)) if self._prefix.cache else DynamicCache()
            output = self._module(input_ids=ids.to(device), cache=cache, use_cache=True)
        if self._slots is None:
            self._slots = Slots(size, width, output.cache)
        self._slots.add(output.cache, lengths)
        if self._noise:
            self._noise.begin(group)
        self._places += group
        self._new += [[] for _ in group]
        self._take(output.logits[0], len(group))

    def _step(self) -> None:
        """One token of each row."""
        assert self._slots is not None
        device, slots = self._module.device, self._slots
        ids = torch.tensor([[new[-1]] for new in self._new], device=device)
        lengths = [len(self._prompts[place]) for place in self._places]
        with running(_rows(self._places, lengths, device)):
            logits = self._module(
                input_ids=ids,
                position_ids=slots.lengths[:, None],
                attention_mask=slots.mask(self._module.dtype),
                cache=slots,
                use_cache=True,
            ).logits
        slots.grow()
        self._take(logits[:, -1], len(self._places))

    def _take(self, logits: torch.Tensor, count: int) -> None:
        """The likeliest or the drawn token for each of the last `count` rows; those that end leave."""
        assert self._slots is not None
        start = len(self._places) - count
        scores = self._noise(self._places[start:], logits) if self._noise else logits.float()
        ending = set()
        for row, token in enumerate(scores.argmax(-1).tolist(), start):
            new = self._new[row]
            if token not in self._stop:
                new.append(token)
            if token in self._stop or len(new) >= self._most or self._ended(self._places[row], new):
                self._answers[self._places[row]] = new
                ending.add(row)
        if ending:
            order = self._slots.keep([row for row in range(len(self._places)) if row not in ending])
            self._places = [self._places[row] for row in order]
            self._new = [self._new[row] for row in order]
