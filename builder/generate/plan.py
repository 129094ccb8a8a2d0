"""What a generator is asked: topic, register and examples of each answer, drawn from a seed."""

from collections.abc import Iterator, Sequence
from itertools import count
from random import Random
from typing import Any, NamedTuple

from builder.candidate import Candidate
from builder.llm.draft import Ending, Exchange, PromptDraft, ScenarioDraft
from builder.llm.endpoint import Request
from builder.llm.prompting import STYLES, fill
from eval.errors import InputError
from eval.record import Label, Record, conversation

TEMPLATE = "generate"
EXAMPLES = 4
SHARED = 5  # requests in a row with the same examples: what they begin with is computed, and often billed, once


class Order(NamedTuple):
    """What is wanted: `n` prompts of a label, or `n` scenarios; the `types` take turns.

    `topics` are drawn from in turn. From the second round on, `parents` are candidates that `screened_by` refused.
    """

    types: Sequence[str]
    scenario: bool
    label: Label
    n: int
    seed: int
    topics: Sequence[str]
    round: int = 1
    parents: Sequence[Candidate] = ()
    screened_by: str = ""


class Planned(NamedTuple):
    """One request, and what it was made of."""

    request: Request
    type: str
    topic: str
    style: str
    examples: list[Record]
    parents: list[Candidate]


def topics_of(records: Sequence[Record], label: Label) -> list[str]:
    """What the prompts of one label are about, each topic once."""
    return sorted({record.topic for record in records if record.scenario_id is None and record.label == label})


def plan(order: Order, records: Sequence[Record]) -> Iterator[Planned]:
    """The requests of an order, without end: topics and registers take turns, examples are drawn for a few at a time.

    Raises:
        InputError: there is no record of the type that could be shown as an example.
        UnknownName: no such type.
    """
    shown = [_examples(kind, order, records) for kind in order.types]
    random = Random(f"{order.seed}/{order.round}")
    topics, styles = random.sample(order.topics, len(order.topics)), random.sample(STYLES, len(STYLES))
    for number in count():
        turn = number // SHARED
        kind, groups = order.types[turn % len(order.types)], shown[turn % len(order.types)]
        drawn = Random(f"{order.seed}/{order.round}/{turn}")
        examples = drawn.sample(groups, min(1 if order.scenario else EXAMPLES, len(groups)))
        parents = drawn.sample(order.parents, min(EXAMPLES, len(order.parents)))
        topic, style = topics[number % len(topics)], styles[number % len(styles)]
        prompt = fill(
            TEMPLATE, kind, scenario=order.scenario, label=order.label, topic=topic, style=style,
            examples=[_example(group) for group in examples], parents=[parent.prompt for parent in parents],
            model=order.screened_by,
        )  # fmt: skip
        request = Request(str(number), conversation(prompt), random.getrandbits(31))
        yield Planned(request, kind, topic, style, [record for group in examples for record in group], parents)


def _examples(kind: str, order: Order, records: Sequence[Record]) -> list[list[Record]]:
    """Each prompt of the type and label as a list of one, or each scenario of the type as its six first endings."""
    groups: dict[str, list[Record]] = {}
    for record in records:
        if record.type != kind or (record.scenario_id is None) == order.scenario:
            continue
        if order.scenario or record.label == order.label:
            groups.setdefault(record.scenario_id or record.id, []).append(record)
    if not groups:
        what = "scenarios" if order.scenario else f"{order.label} prompts"
        raise InputError(f"no {what} of the type {kind} among the records, to show as examples; write one first")
    return [group[:6] for group in groups.values()]


def _example(group: Sequence[Record]) -> str:
    """Records as the answer that would have made them."""
    first = group[0]
    if first.scenario_id is None:
        return PromptDraft.model_construct(topic=first.topic, **_shown(first)).model_dump_json()
    turns = [message.content for message in first.messages[:-1]]
    context = [Exchange.model_construct(user=u, assistant=a) for u, a in zip(turns[::2], turns[1::2], strict=True)]
    endings = [Ending.model_construct(label=record.label, **_shown(record)) for record in group]
    return ScenarioDraft.model_construct(topic=first.topic, context=context, endings=endings).model_dump_json()


def _shown(record: Record) -> dict[str, Any]:
    twins = dict(zip(record.focus, record.neutral, strict=True))
    kind = record.pattern.split()[0]
    focus, neutral = list(twins), list(twins.values())
    return {"prompt": record.prompt, "focus": focus, "neutral": neutral, "word_kind": kind, "why": record.why}
