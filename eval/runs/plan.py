"""`xsb-eval run --dry-run`: what a run would take, told without any weights.

Tokens are counted by the model's tokenizer where it can be had, else as one for four letters. Attribution is tried on a
few records against a score that counts what it is asked (`eval.attribution.estimate`), and that is taken for all.
"""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from textwrap import shorten
from typing import TYPE_CHECKING

from pydantic import BaseModel

from eval.attribution import BUDGET, LOCAL, METHODS, REMOVAL
from eval.calls import JUDGED
from eval.errors import XsbError
from eval.judges.panel import judge_names
from eval.judges.rules import NAME as RULES
from eval.load import stratified
from eval.mitigation import check_weights
from eval.mitigation.rephrase import ROOM
from eval.models.protocol import Model, OpenWeights
from eval.record import Conversation, Record
from eval.runs.dialogue import with_system
from eval.runs.options import Options
from eval.runs.requests import rephraser, requests_of
from eval.runs.run import FEWEST
from eval.runs.sample import read_samples
from eval.runs.triggers import trigger_source

if TYPE_CHECKING:
    from eval.attribution.estimate import Estimate  # which imports torch

TRIED = 8  # records that attribution is tried on
LETTERS = 4  # of a token, where there is no tokenizer


class Plan(BaseModel):
    """What a run would take, with what an earlier one has left.

    `new_tokens` counts every answer at its longest, those to earlier turns too; `evaluations` is None where it cannot
    be told. `requests` are to endpoints, judges' and rephrasers' too, and `request_tokens` what they read and write.
    `memory_bytes` is of weights and the largest batch of answers, 0 where the model is not here.
    """

    model: str
    dataset: str
    records: int
    mitigations: int
    samples: int
    answers: int
    earlier_turns: int
    prompt_tokens: int
    new_tokens: int
    rewrites: int
    rewrite_tokens: int
    method: str
    evaluations: int | None = None
    passes: int = 0
    attribution_tokens: int = 0
    requests: int = 0
    request_tokens: int = 0
    dtype: str = ""
    device: str = ""
    weights_bytes: int = 0
    memory_bytes: int = 0
    free_bytes: int = 0
    notes: list[str] = []


def plan(
    name: str,
    model: Model | XsbError,
    records: Sequence[Record],
    out: Path,
    options: Options,
    *,
    judge: str = RULES,
    harm_judge: str = "",
) -> Plan:
    """What `eval.runs.run.run` would take with these arguments.

    `name` is the model's, and `model` has no weights (device `meta`), is an endpoint, or the reason why it cannot be
    had. Where `out` has samples already, they tell the pace.
    """
    mitigations, samples, most = options.compared, options.samples, options.max_new_tokens
    records = [with_system(record, options.system) if options.system else record for record in records]
    answers = len(records) * len(mitigations) * samples
    earlier = sum(_spoken(record, options.assistant == "live") for record in records)
    lengths = [_length(model, record.messages) for record in records]
    rewriting = sum(bool(rephraser(one, name)) for one in mitigations)
    told = Plan(
        model=name,
        dataset=options.dataset,
        records=len(records),
        mitigations=len(mitigations),
        samples=samples,
        answers=answers,
        earlier_turns=earlier,
        prompt_tokens=sum(lengths) * len(mitigations) * samples,
        new_tokens=(answers + earlier) * most,
        rewrites=len(records) * rewriting,
        rewrite_tokens=sum(ROOM + len(record.prompt) // 2 for record in records) * rewriting,
        method=options.method or LOCAL
        if isinstance(model, XsbError)
        else trigger_source(model, options.method, mitigations),
    )
    if isinstance(model, XsbError):
        told.notes.append(f"tokens by letters, and memory unknown: {shorten(str(model), 160, placeholder=' ...')}")
    else:
        check_weights(model, mitigations)
    if told.method in METHODS:
        _add_attribution(told, model, records, options.seed, most)
    judges = [*judge_names(judge), harm_judge]
    told.requests, told.request_tokens = requests_of(told, records, mitigations, judges, most)
    if isinstance(model, OpenWeights):
        _add_memory(told, model, max(lengths), most)
    told.notes.append(_time(out, answers))
    return told


def _spoken(record: Record, live: bool) -> int:
    """How many earlier turns the model answers itself; see `eval.runs.dialogue`."""
    roles = [message.role for message in record.messages]
    if live:
        return roles.count("user") - 1
    return sum(first == second == "user" for first, second in pairwise(roles))


def _length(model: Model | XsbError, messages: Conversation) -> int:
    """Tokens of a prompt, about."""
    if isinstance(model, OpenWeights):
        try:
            return len(model.tokenizer(model.render(messages), add_special_tokens=False)["input_ids"])
        except XsbError:
            pass  # a template that refuses it; the run will say so
    return sum(len(message.content) for message in messages) // LETTERS


def _add_attribution(
    told: Plan, model: Model | XsbError, records: Sequence[Record], seed: int, max_new_tokens: int
) -> None:
    found = []
    for record in stratified(list(records), TRIED):
        try:
            found.append(_estimate(model, record, told.method, seed, max_new_tokens))
        except XsbError as error:
            reason = str(error)
    if not found:
        told.notes.append(f"attribution by {told.method}: cannot be told ({reason})")
        return
    told.evaluations, told.passes, told.attribution_tokens = (
        round(fmean(getattr(one, name) for one in found) * told.records) for name in ("evaluations", "passes", "tokens")
    )


def _estimate(model: Model | XsbError, record: Record, method: str, seed: int, max_new_tokens: int) -> "Estimate":
    from eval.attribution.estimate import Silent, estimate

    here = model if isinstance(model, OpenWeights) else None  # else each word that is left out is one count
    return estimate(
        here or Silent(), record.messages, method, "refusal_openers" if here else JUDGED, removal=REMOVAL, neutral={},
        budget=BUDGET, seed=seed, max_new_tokens=0 if here else max_new_tokens,
    )  # fmt: skip


def _add_memory(told: Plan, model: OpenWeights, longest: int, max_new_tokens: int) -> None:
    import torch

    from eval.models.decoding import CPU_LIMITS, CUDA_LIMITS
    from eval.models.memory import batch_bytes, free_bytes, weights_bytes
    from eval.models.transformers import best_device

    told.device, told.dtype = best_device(), model.facts["dtype"]
    told.weights_bytes = weights_bytes(model)
    limits = CUDA_LIMITS if told.device == "cuda" else CPU_LIMITS
    rows = max(1, min(limits.rows, limits.cached_tokens // (longest + max_new_tokens)))
    told.memory_bytes = told.weights_bytes + batch_bytes(model.module, rows, longest, max_new_tokens, rows)
    told.free_bytes = free_bytes(torch.device(told.device))


def _time(out: Path, answers: int) -> str:
    """How long answering takes, as far as the folder's samples tell."""
    try:
        known = [sample.seconds for sample in read_samples(out / "samples.jsonl")]
    except (OSError, ValueError):  # none, or a torn line, which the run mends
        known = []
    if not known:
        return f"time: not known here; a run of {FEWEST} records (--limit {FEWEST}) tells its seconds per answer"
    left = max(0, answers - len(known))
    minutes = fmean(known) * left / 60
    return f"time: about {minutes:.0f} min for {left:,} answers left, without attribution, by {len(known):,} done"
