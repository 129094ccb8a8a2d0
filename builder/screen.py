"""screen: which candidates are refused by which models, so that hard ones can be chosen, as OR-Bench does.

Model by model, chunk by chunk, in the order of the input, so that memory does not grow with it and a killed run goes
on. What each model said is kept in a file of its own; the output is written when all have been asked.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from itertools import islice, tee
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel

from builder.candidate import Candidate, Screening
from builder.jsonl import chunks, write
from builder.llm.endpoint import Endpoint, Request, ask_all
from builder.llm.ledger import ledger_beside
from eval.errors import InputError, ModelError
from eval.jsonl import append, read
from eval.judges import UNANSWERED, load_judge
from eval.models import Model, OpenWeights, load_model
from eval.models.budget import Limits
from eval.models.endpoint import now
from eval.models.ledger import Ledger
from eval.progress import track
from eval.runs.cluster import Cluster, check_actors, cluster
from eval.score import refusal_score
from eval.target import refusal_openers

CHUNK = 48
JUDGE = "rules"
NEW_TOKENS = 64


class Answer(NamedTuple):
    """A model's answer, None where there is none, and its refusal score in nats, None behind an endpoint."""

    text: str | None
    score: float | None = None


class Screener(NamedTuple):
    """A model to screen with: its name, its facts, and how it answers chunks of candidates, in order."""

    name: str
    facts: dict[str, str]
    answers: Callable[[Iterable[Sequence[Candidate]]], Iterator[list[Answer]]]


class Screened(BaseModel):
    """What one model said of one candidate: a line of the model's own file."""

    id: str
    screening: Screening


def screen(source: Path, out: Path, screeners: Iterator[Screener]) -> dict[str, Counter[tuple[str, str]]]:
    """Write the candidates of `source` with what each model answers to `out`, and count verdicts by model and label.

    Args:
        source: candidates.
        out: the same ones, in the same order, with screenings.
        screeners: used one after the other, so that a generator need hold only one model in memory.

    Raises:
        ModelError: a model fails; what was answered before is kept.
    """
    files = {screener.name: _ask(screener, source, out) for screener in screeners}
    counts = {name: Counter[tuple[str, str]]() for name in files}
    write(out, _joined(source, files, counts))
    return counts


def ray_cluster(names: Sequence[str], ray: bool, actors: int | None) -> AbstractContextManager[Cluster | None]:
    """A cluster for actors with these models, if `ray` is asked for; errors as of `eval.runs.cluster`."""
    check_actors(names, ray, actors)
    return cluster(actors) if ray else nullcontext()


def screeners(
    names: Sequence[str],
    base_url: str | None,
    timeout: float,
    out: Path,
    limits: Limits,
    cluster: Cluster | None = None,
) -> Iterator[Screener]:
    """Load the models one after the other: `openai:NAME` behind the endpoint, others as `eval.models.load_model`.

    Others are on actors of the cluster, if there is one.
    """
    for name in names:
        if name.startswith("openai:"):
            model = name.removeprefix("openai:")
            with Endpoint(model, base_url, max_tokens=NEW_TOKENS, timeout=timeout, temperature=0) as endpoint:
                yield remote(name, endpoint, ledger_beside(out), limits)
        elif cluster:
            with cluster.models(name, "auto") as actors:
                yield Screener(name, actors.facts, partial(actors.spread, _answer, called=_called))
        else:
            yield local(load_model(name))


def _ask(screener: Screener, source: Path, out: Path) -> Path:
    """Ask one model about all candidates that its file does not hold yet; the file."""
    name = re.sub(r"[^A-Za-z0-9.-]+", "-", screener.name).strip("-")
    file = out.with_suffix(f".{name}.jsonl")
    there = sum(1 for _ in read(file, Screened)) if file.exists() else 0
    asked, told = tee(chunks(islice(read(source, Candidate), there, None), CHUNK))
    answered = (pair for pairs in map(partial(zip, strict=True), told, screener.answers(asked)) for pair in pairs)
    for found in chunks(track(answered, f"screening with {screener.name}"), CHUNK):
        date = now()
        append(file, [Screened(id=c.id, screening=_screening(screener, c.prompt, answer, date)) for c, answer in found])
    return file


def _screening(screener: Screener, prompt: str, answer: Answer, date: str) -> Screening:
    verdict = UNANSWERED if answer.text is None else load_judge(JUDGE).one(answer.text, prompt)
    return Screening(
        model=screener.name,
        facts=screener.facts,
        date=date,
        response=answer.text or "",
        verdict=verdict.label,
        evidence=verdict.evidence,
        judge=verdict.judge,
        score=None if answer.score is None else round(answer.score, 3),
    )


def _joined(source: Path, files: dict[str, Path], counts: dict[str, Counter[tuple[str, str]]]) -> Iterator[Candidate]:
    """The candidates with what the models' files say of them, counted on the way.

    Raises:
        InputError: a file is about other candidates.
    """
    said = [read(file, Screened) for file in files.values()]
    for candidate, *found in zip(read(source, Candidate), *said, strict=False):
        strangers = [file for file, row in zip(files.values(), found, strict=True) if row.id != candidate.id]
        if strangers:
            raise InputError(
                f"{strangers[0]} is about other candidates than {source}; delete it or choose another --out"
            )
        for row in found:
            counts[row.screening.model][candidate.label, row.screening.verdict] += 1
        others = [screening for screening in candidate.screenings if screening.model not in files]
        yield candidate.model_copy(update={"screenings": [*others, *(row.screening for row in found)]})


def local(model: Model) -> Screener:
    """Screen with a model in memory."""
    return Screener(model.name, model.facts, partial(map, partial(_answer, model)))


def _answer(model: Model, chunk: Sequence[Candidate]) -> list[Answer]:
    target = refusal_openers(model.tokenizer) if isinstance(model, OpenWeights) else None
    try:
        replies = model.generate([candidate.messages for candidate in chunk], NEW_TOKENS)
        scores = [
            refusal_score(model, c.messages, target) if target and isinstance(model, OpenWeights) else None
            for c in chunk
        ]
    except InputError:  # too long for the model, say; the others must not suffer
        return [Answer(None)] if len(chunk) == 1 else [found for c in chunk for found in _answer(model, [c])]
    return [Answer(reply.text, score) for reply, score in zip(replies, scores, strict=True)]


def _called(chunk: Sequence[Candidate]) -> str:
    return f"candidates {chunk[0].id} to {chunk[-1].id}"


def remote(name: str, endpoint: Endpoint, ledger: Ledger, limits: Limits) -> Screener:
    """Screen with a model behind an endpoint."""

    def answer(chunk: Sequence[Candidate]) -> list[Answer]:
        requests = [Request(candidate.id, candidate.messages, seed=0) for candidate in chunk]
        texts = {request.name: call.content for request, call in ask_all(endpoint, requests, ledger, limits)}
        if ledger.exhausted:
            raise ModelError(f"{name}: stopped before --max-tokens-total; what was answered is kept, raise it to go on")
        return [Answer(texts[candidate.id]) for candidate in chunk]

    return Screener(name, {"revision": "unknown", "device": endpoint.host}, partial(map, answer))
