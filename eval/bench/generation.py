"""How fast answers are generated beside transformers' own text-generation pipeline: same model, dtype, prompts, limits.

The pipeline gets the prompts as chats, in the dataset's order. Its best batch size is found on some of them, and then
runs against ours on all, in turns; medians count. Ours gets them as `xsb-eval run` gives them: chunk by chunk. Nothing
is stopped early but by the model's own end. Texts are compared in the same dtype and, some of them, in float32, where
rounding hardly ever decides a token.
"""

import platform
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from typing import NamedTuple

import torch
from pydantic import BaseModel
from rich.box import MARKDOWN
from rich.table import Table
from transformers import pipeline
from transformers.utils import logging

from eval.attribution import check_open
from eval.bench.meter import metered
from eval.load import load_records, stratified
from eval.models import OpenWeights, load_model
from eval.progress import track
from eval.record import Conversation
from eval.runs.run import CHUNK

BATCHES, BATCHES_QUICK = (1, 4, 8, 16, 32, 64, 128), (1, 16, 32, 64)
PROMPTS_QUICK = 192
TRIED, TRIED_QUICK = 128, 64  # prompts on which the best batch size is found
COMPARED, COMPARED_QUICK = 64, 24  # prompts whose texts are compared in float32
ROUNDS = 3
MAX_NEW_TOKENS = 128


class Generation(BaseModel):
    """The bench's answer; rates are prompts per second.

    `tried` are the pipeline's rates by batch size, on `tried_prompts`; `at_once` is our rate where all prompts are
    given in one call. `equal` texts are those of all prompts in this dtype, `equal_float32` of so many in float32.
    """

    model: str
    device: str
    dtype: str
    threads: int
    machine: str
    prompts: int
    max_new_tokens: int
    chunk: int
    rounds: int
    tried: dict[int, float]
    tried_prompts: int
    best_batch: int
    pipeline: float
    ours: float
    at_once: float
    ratio: float
    equal: int
    compared_float32: int
    equal_float32: int


Ask = Callable[[Sequence[Conversation], int], list[str]]


class _Race(NamedTuple):
    """Seconds of each round, and the texts of the last."""

    theirs: list[float]
    ours: list[float]
    texts: tuple[list[str], list[str]]


def bench(name: str, dtype: str, quick: bool = False) -> Generation:
    """Measure everything; on 2 cores with skittish about an hour, `quick` about ten minutes.

    Raises:
        InputError: there is no release in the folder xsb.
        ModelError: the model cannot be loaded, or is none of open weights.
    """
    asked = [record.messages for record in stratified(load_records("xsb"), PROMPTS_QUICK if quick else None)]
    model = check_open(load_model(name, dtype=dtype), "the bench")
    device = model.module.device
    logging.set_verbosity_error()  # the pipeline advises to give it a dataset, which changes nothing here
    tried = _tried(model, asked[: TRIED_QUICK if quick else TRIED], BATCHES_QUICK if quick else BATCHES)
    best = max(tried, key=tried.__getitem__)
    race = _race(model, asked, best)
    at_once = metered(lambda: _ours(model, asked, len(asked)), device)
    slow, fast = (len(asked) / median(seconds) for seconds in (race.theirs, race.ours))
    some = asked[: COMPARED_QUICK if quick else COMPARED]
    exact = check_open(load_model(name, dtype="float32"), "the bench")
    return Generation(
        model=name,
        device=model.facts["device"],
        dtype=model.facts["dtype"],
        threads=torch.get_num_threads(),
        machine=torch.cuda.get_device_name() if device.type == "cuda" else platform.processor() or platform.machine(),
        prompts=len(asked),
        max_new_tokens=MAX_NEW_TOKENS,
        chunk=CHUNK,
        rounds=ROUNDS,
        tried=tried,
        tried_prompts=TRIED_QUICK if quick else TRIED,
        best_batch=best,
        pipeline=round(slow, 3),
        ours=round(fast, 3),
        at_once=round(len(asked) / at_once.seconds, 3),
        ratio=round(fast / slow, 2),
        equal=_equal(*race.texts),
        compared_float32=len(some),
        equal_float32=_equal(_pipeline(exact)(some, best), _ours(exact, some, CHUNK)),
    )


def _tried(model: OpenWeights, asked: Sequence[Conversation], sizes: Sequence[int]) -> dict[int, float]:
    """The pipeline's prompts per second by batch size."""
    ask, device = _pipeline(model), model.module.device
    ask(asked[:1], 1)
    found = {}
    for size in track(sizes, "batch sizes"):
        found[size] = round(len(asked) / metered(partial(ask, asked, size), device).seconds, 3)
    return found


def _race(model: OpenWeights, asked: Sequence[Conversation], size: int) -> _Race:
    ask, device = _pipeline(model), model.module.device
    _ours(model, asked[:1], 1)
    rounds = [
        (metered(lambda: ask(asked, size), device), metered(lambda: _ours(model, asked, CHUNK), device))
        for _ in track(range(ROUNDS), "rounds")
    ]
    theirs, ours = zip(*rounds, strict=True)
    texts = (theirs[-1].result, ours[-1].result)
    return _Race([run.seconds for run in theirs], [run.seconds for run in ours], texts)


def _pipeline(model: OpenWeights) -> Ask:
    generator = pipeline("text-generation", model=model.module, tokenizer=model.tokenizer)

    def ask(asked: Sequence[Conversation], size: int) -> list[str]:
        chats = [[message.model_dump() for message in messages] for messages in asked]
        found = generator(
            chats, batch_size=size, max_new_tokens=MAX_NEW_TOKENS, do_sample=False, return_full_text=False
        )
        return [one[0]["generated_text"].strip() for one in found]

    return ask


def _ours(model: OpenWeights, asked: Sequence[Conversation], chunk: int) -> list[str]:
    chunks = [asked[at : at + chunk] for at in range(0, len(asked), chunk)]
    return [reply.text for one in chunks for reply in model.generate(one, MAX_NEW_TOKENS)]


def _equal(texts: Sequence[str], others: Sequence[str]) -> int:
    return sum(text == other for text, other in zip(texts, others, strict=True))


def generation_table(found: Generation) -> Table:
    """Both rates, and the pipeline's by batch size."""
    table = Table(
        "prompts per second", "", box=MARKDOWN, title=f"{found.device}, {found.dtype}, {found.threads} threads"
    )
    for size, rate in found.tried.items():
        table.add_row(f"pipeline, batches of {size}, on {found.tried_prompts} prompts", f"{rate:.2f}")
    table.add_row(f"pipeline, batches of {found.best_batch}, on {found.prompts} prompts", f"{found.pipeline:.2f}")
    table.add_row(f"xsb-eval, chunks of {found.chunk}, on the same", f"{found.ours:.2f}")
    table.add_row("xsb-eval, all at once", f"{found.at_once:.2f}")
    table.add_row("ratio", f"{found.ratio:.2f}")
    table.add_row(f"equal texts of {found.prompts}", str(found.equal))
    table.add_row(f"equal texts of {found.compared_float32} in float32", str(found.equal_float32))
    return table
