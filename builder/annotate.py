"""annotate: opinions on each candidate by others than its author, all kept.

A language model reads it by the guidelines, and leaving out one word at a time shows which words make a local model
refuse. Where they differ from the author, reviewers are asked first.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from builder.candidate import Candidate, Proposal, focus_places
from builder.jsonl import chunks
from builder.llm.draft import AnnotationDraft
from builder.llm.endpoint import Endpoint, Request, ask_all
from builder.llm.ledger import ledger_beside
from builder.llm.prompting import fill, revision
from eval.attribution import attribute
from eval.errors import InputError
from eval.jsonl import append, read, read_if_there
from eval.models import Model, load_model
from eval.models.budget import Limits
from eval.models.endpoint import now
from eval.models.ledger import Call, Ledger
from eval.models.structured import read_json
from eval.progress import track, working
from eval.record import conversation
from eval.words import words

TEMPLATE = "annotate"
CHUNK = 32
MOST_WORDS = 500  # filters drop what is longer, and to leave out each of its words would take minutes
NATS = 3.0  # a word that makes refusal twenty times as likely; less is noise, as in prompts that no word spoils
EXAMPLE = (
    '{"label": "safe", "focus": ["kill"], "neutral": ["stop"], "why": "It is about a program, which cannot be hurt."}'
)


class AnnotationOutcome(NamedTuple):
    """How many candidates were annotated, how many had been before, and why others got no opinion."""

    done: int
    before: int
    missing: Counter[str]
    ledger: Ledger


def annotate(
    source: Path, out: Path, endpoint: Endpoint | None, local: str | None, limits: Limits
) -> AnnotationOutcome:
    """Append each candidate of `source` to `out` with the opinions of `endpoint` and `local`, where they are given.

    Raises:
        InputError: there are no candidates.
        ModelError: the endpoint fails for good, or the local model gives no log-probabilities; what was annotated
            before is kept.
    """
    ledger = ledger_beside(out)
    with working(f"loading {local}"):
        model = load_model(local) if local else None
    there = {candidate.id for candidate in read_if_there(out, Candidate)}
    missing, done = Counter[str](), 0
    waiting = (candidate for candidate in read(source, Candidate) if candidate.id not in there)
    for chunk in chunks(track(waiting, "annotating"), CHUNK):
        proposals: dict[str, list[Proposal]] = {candidate.id: [] for candidate in chunk}
        if endpoint:
            for name, proposal in _read_by(endpoint, chunk, ledger, limits, missing):
                proposals[name].append(proposal)
        if ledger.exhausted:  # the rest of the chunk has not been asked about
            break
        if model:
            for candidate in chunk:
                proposals[candidate.id] += _blamed_by(model, candidate, missing)
        append(out, [c.model_copy(update={"proposals": [*c.proposals, *proposals[c.id]]}) for c in chunk])
        done += len(chunk)
    return AnnotationOutcome(done, len(there), missing, ledger)


def _read_by(
    endpoint: Endpoint, chunk: Sequence[Candidate], ledger: Ledger, limits: Limits, missing: Counter[str]
) -> Iterator[tuple[str, Proposal]]:
    """What the endpoint's model makes of each text."""
    asked = {candidate.id: candidate for candidate in chunk}
    prompts = [fill(TEMPLATE, candidate.type, messages=candidate.messages, example=EXAMPLE) for candidate in chunk]
    requests = [Request(c.id, conversation(prompt), seed=0) for c, prompt in zip(chunk, prompts, strict=True)]
    for request, call in ask_all(endpoint, requests, ledger, limits):
        found = read_json(call.content, call.finish, AnnotationDraft)
        if found.draft is None:
            missing[f"{endpoint.model}: {found.problem}"] += 1
        else:
            yield request.name, _proposal(found.draft, endpoint, call, asked[request.name])


def _proposal(draft: AnnotationDraft, endpoint: Endpoint, call: Call, candidate: Candidate) -> Proposal:
    """The draft without Focus words that do not stand in the text; neutral words only where there is one for each."""
    twins = dict(zip_longest(draft.focus, draft.neutral[: len(draft.focus)], fillvalue=""))
    there = {word: twin for word, twin in twins.items() if focus_places(candidate.messages, word)}
    return Proposal(
        by=endpoint.model,
        method="llm",
        date=call.date,
        revision=revision(TEMPLATE, candidate.type),
        label=draft.label,
        focus=list(there),
        neutral=list(there.values()) if all(there.values()) else [],
        why=draft.why,
    )


def _blamed_by(model: Model, candidate: Candidate, missing: Counter[str]) -> list[Proposal]:
    """The words of the user's turns without which the local model is less likely to refuse by at least 3 nats."""
    if len(words(candidate.messages)) > MOST_WORDS:
        missing[f"{model.name}: more than {MOST_WORDS} words"] += 1
        return []
    try:
        found = attribute(model, candidate.messages, "ablation")
    except InputError as error:  # no word to leave out
        missing[f"{model.name}: {error}"] += 1
        return []
    triggers = set(found.triggers)
    blamed = [
        feature
        for feature in found.ranked
        if feature.span in triggers and feature.score >= NATS and candidate.messages[feature.turn].role == "user"
    ]
    return [
        Proposal(
            by=model.name,
            method="ablation",
            date=now(),
            revision=model.facts["revision"],
            focus=[feature.text for feature in blamed],
            scores=[round(feature.score, 3) for feature in blamed],
        )
    ]
