"""Counterfactuals: does a model refuse a safe prompt, and does it answer the same prompt without the trigger?

A record's neutral twin is its conversation with every Focus word replaced by the neutral word beside it. No torch here.
"""

from collections.abc import Sequence

from pydantic import BaseModel

from eval.errors import InputError
from eval.jsonl import rows_apart
from eval.models.protocol import Model
from eval.record import Conversation, Record, Span, digest
from eval.refusals import RESPONSE_TOKENS, refusals
from eval.words import replaced, words


class Twin(BaseModel):
    """Greedy verdicts on a record and on its neutral twin; the digests say on which texts exactly."""

    id: str
    digest: str
    twin_digest: str
    refused: bool
    twin_refused: bool


class Twins(BaseModel):
    """What one model does to records and twins, by the judge `rules` on the first `max_new_tokens` of each answer."""

    model: str
    facts: dict[str, str]
    judge: str = "rules"
    max_new_tokens: int = RESPONSE_TOKENS
    rows: list[Twin]


def neutral_twin(record: Record) -> Conversation:
    """The record's conversation with every Focus word replaced."""
    return replaced(record.messages, dict(zip(record.focus_spans, record.neutral, strict=True)))


def word_twins(messages: Conversation, spans: Sequence[Span], twins: Sequence[str]) -> dict[Span, str]:
    """What stands in place of each word so that each span reads as its twin: for the removal `neutral`.

    A twin takes the place of a phrase's first word, and nothing that of its other words; what a word has beside the
    span (`man-` of `man-eater`) stays.
    """
    found: dict[Span, str] = {}
    for span, twin in zip(spans, twins, strict=True):
        inside = [word for word in words(messages) if word.overlaps(span)]
        if inside:
            text = messages[span.turn].content
            first, last = inside[0], inside[-1]
            twin = twin.removesuffix(text[last.end : span.end]).removeprefix(text[span.start : first.start])
            found |= dict.fromkeys(inside, "")
            found[first] = text[first.start : span.start] + twin + text[span.end : last.end]
    return found


def measure_twins(model: Model, records: Sequence[Record]) -> Twins:
    """Answer the safe records that have a Focus with a neutral word for each, and their twins.

    Raises:
        InputError: there is no such record.
    """
    asked = [r for r in records if r.label == "safe" and r.focus and len(r.focus) == len(r.neutral)]
    if not asked:
        raise InputError(
            "no safe record with `focus`, `focus_spans` and as many `neutral`; give a dataset that has them"
        )
    twins = [neutral_twin(record) for record in asked]
    refused = refusals(model, [record.messages for record in asked], "prompts")
    twin_refused = refusals(model, twins, "neutral twins")
    rows = [
        Twin(id=r.id, digest=digest(r.messages), twin_digest=digest(t), refused=a, twin_refused=b)
        for r, t, a, b in zip(asked, twins, refused, twin_refused, strict=True)
    ]
    return Twins(model=model.name, facts=model.facts, rows=rows)


def twins_json(twins: Twins) -> str:
    """The JSON of a file, a row per line, so that a diff shows which records changed."""
    return rows_apart(twins, "rows")
