"""generate: a language model writes candidates, one prompt or one scenario per answer.

What it is asked is planned ahead from a seed: topic, register and examples of each answer. So a run that was killed
goes on with the same plan and finds what it has paid for in its ledger, beside the candidates.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from builder.candidate import Candidate, Generation, code
from builder.generate.plan import TEMPLATE, Order, Planned, plan
from builder.llm.draft import PromptDraft, ScenarioDraft
from builder.llm.endpoint import Endpoint, ask_all
from builder.llm.ledger import ledger_beside
from builder.llm.prompting import revision
from eval.jsonl import append, read_if_there
from eval.models.budget import Limits
from eval.models.ledger import Call, Ledger
from eval.models.structured import read_json
from eval.progress import track
from eval.record import Conversation, Label, Message, Record, conversation

TRIES = 3  # answers asked for per candidate wanted, before giving up on the unreadable ones


class Outcome(NamedTuple):
    """How a generation went: drafts that came, candidates made of them, why answers were unreadable, what was paid."""

    drafts: int
    candidates: list[Candidate]
    unreadable: Counter[str]
    ledger: Ledger


def schema_of(scenario: bool) -> type[PromptDraft] | type[ScenarioDraft]:
    """What one answer holds."""
    return ScenarioDraft if scenario else PromptDraft


def generate(order: Order, records: Sequence[Record], endpoint: Endpoint, out: Path, limits: Limits) -> Outcome:
    """Append candidates to `out` until there are `n` drafts, counting those that an earlier run of the order left.

    Raises:
        InputError: there is no record of the type that could be shown as an example.
        ModelError: the endpoint fails for good; what was answered before is kept.
    """
    ledger = ledger_beside(out)
    there = {candidate.id for candidate in read_if_there(out, Candidate)}
    requests = plan(order, records)
    drafts, asked, candidates, unreadable = 0, 0, list[Candidate](), Counter[str]()
    while drafts < order.n and asked < TRIES * order.n and not ledger.exhausted:
        batch = {p.request.name: p for p in islice(requests, order.n - drafts)}
        answers = ask_all(endpoint, [p.request for p in batch.values()], ledger, limits)
        for request, call in track(answers, "generating", total=len(batch)):
            asked += 1
            found = read_json(call.content, call.finish, schema_of(order.scenario))
            if found.draft is None:
                unreadable[found.problem] += 1
                continue
            drafts += 1
            made = _candidates(found.draft, order, batch[request.name], call, endpoint, found.repaired)
            append(out, [candidate for candidate in made if candidate.id not in there])
            candidates += made
    return Outcome(drafts, candidates, unreadable, ledger)


def _candidates(
    draft: Any, order: Order, planned: Planned, call: Call, endpoint: Endpoint, repaired: bool
) -> list[Candidate]:
    generation = Generation(
        model=endpoint.model,
        endpoint=endpoint.host,
        date=call.date,
        prompt_revision=revision(TEMPLATE, planned.type),
        seed=call.seed,
        round=order.round,
        topic=planned.topic,
        style=planned.style,
        repaired=repaired,
        examples=[record.id for record in planned.examples],
        parents=[parent.id for parent in planned.parents],
    )
    scenario = f"s-{call.key}" if order.scenario else None
    return [
        Candidate(
            id=code(messages, f"{call.key}/{number}"), messages=messages, type=planned.type, scenario_id=scenario,
            generation=generation, **facts,
        )
        for number, (messages, facts) in enumerate(_texts(draft, order.label))
    ]  # fmt: skip


def _texts(draft: PromptDraft | ScenarioDraft, label: Label) -> list[tuple[Conversation, dict[str, Any]]]:
    """The conversations of a draft, each with what the draft says about it."""
    if isinstance(draft, PromptDraft):
        return [(conversation(draft.prompt), {"label": label, **draft.model_dump(exclude={"prompt"})})]
    context = [
        Message.model_validate({"role": role, "content": text})
        for exchange in draft.context
        for role, text in exchange.model_dump().items()
    ]
    return [
        ([*context, *conversation(ending.prompt)], {"topic": draft.topic, **ending.model_dump(exclude={"prompt"})})
        for ending in draft.endings
    ]
