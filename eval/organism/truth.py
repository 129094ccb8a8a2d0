"""True triggers: words whose replacement by a neutral twin flips the model's greedy verdict from refusal to answer.

Computed with the model, never assumed from a list: a marked word that the model does not refuse, or whose twin it
refuses too, is none. For one brace group per sentence; redundant triggers are another matter.
"""

from collections.abc import Sequence

from pydantic import BaseModel

from eval.attribution import attribute
from eval.models.protocol import Model
from eval.organism.data import Sentence, held_out
from eval.progress import track
from eval.record import Conversation, Span
from eval.refusals import refusals


class TrueTrigger(BaseModel):
    """A refused conversation and the span that makes it refused; `kind` is the sentence's."""

    kind: str
    messages: Conversation
    trigger: Span


class Hits(BaseModel):
    """How often a method ranks a word of the true trigger first, of `count` true triggers of one kind."""

    method: str
    kind: str
    first: int
    count: int


def true_triggers(model: Model, sentences: Sequence[Sentence]) -> list[TrueTrigger]:
    """The true triggers among the marked words of sentences with one brace group each."""
    twins = [(sentence, twin) for sentence in sentences for twin in sentence.neutral]
    refused = refusals(model, [sentence.refused for sentence in sentences])
    twin_refused = refusals(model, [twin for _, twin in twins])
    freed = {sentence for (sentence, _), still in zip(twins, twin_refused, strict=True) if not still}
    return [
        TrueTrigger(kind=s.kind, messages=s.refused, trigger=_span(s))
        for s, was_refused in zip(sentences, refused, strict=True)
        if was_refused and s in freed
    ]


class Truth(BaseModel):
    """The true triggers of one adapter in one dtype, and how often attribution finds them."""

    revision: str
    dtype: str
    hits: list[Hits]
    triggers: list[TrueTrigger]


def truth(model: Model) -> Truth:
    """The truth about the held-out pairs."""
    triggers = true_triggers(model, held_out().pairs)
    kinds = dict.fromkeys(trigger.kind for trigger in triggers)
    found = [hits(model, [t for t in triggers if t.kind == kind]) for kind in kinds]
    return Truth(revision=model.facts["revision"], dtype=model.facts["dtype"], hits=found, triggers=triggers)


def hits(model: Model, truths: Sequence[TrueTrigger], method: str = "ablation") -> Hits:
    """How many true triggers of one kind `method` ranks first."""
    tops = [attribute(model, t.messages, method).ranked[0].span for t in track(truths, f"attribution: {method}")]
    first = sum(top.overlaps(truth.trigger) for top, truth in zip(tops, truths, strict=True))
    return Hits(method=method, kind=truths[0].kind, first=first, count=len(truths))


def _span(sentence: Sentence) -> Span:
    """Where the first alternative of the one brace group stands in the refused variant."""
    for turn, text in enumerate(sentence.turns):
        if "{" in text:
            start = text.index("{")
            return Span(turn=turn, start=start, end=start + len(sentence.alternatives[0][0]))
    raise ValueError(f"no brace group in {sentence.turns}")
