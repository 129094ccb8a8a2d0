"""True triggers: what a refusal hangs on, computed with the model, never assumed from a list.

A marked word or phrase is the true trigger where its replacement by its neutral twin flips the model's greedy verdict
from refusal to answer. Of the kind `redundant`, two words are: refused with either alone, answered with neither. Of the
kind `phrase`, no word of it alone is enough: at least two of its words are *needed*, without each of which the model
answers. Sentences of which this is not so are left out, and counted.
"""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Literal

from pydantic import BaseModel

from eval.attribution import attribute
from eval.jsonl import rows_apart
from eval.models.protocol import Model
from eval.organism.data import Sentence, held_out, training
from eval.progress import track
from eval.record import Conversation, Span, digest
from eval.refusals import refusals
from eval.words import without, words

DEV = 80  # sentences of each kind that skittish is trained on, to choose and fit on


class TrueTrigger(BaseModel):
    """A refused conversation, the spans that make it refused and, for each, a twin with which it is answered.

    `kind` is the sentence's. `needed` are the words of a phrase without each of which the model answers.
    """

    kind: str
    split: Literal["test", "dev"] = "test"
    messages: Conversation
    triggers: list[Span]
    twins: list[str]
    needed: list[Span] = []


class Asked(BaseModel):
    """How many sentences of one kind were tried, how many the model refuses, and of how many the trigger is true."""

    kind: str
    split: Literal["test", "dev"]
    count: int
    refused: int
    true: int


class Hits(BaseModel):
    """How often a method ranks a word of the true trigger first, of `count` true triggers of one kind."""

    method: str
    kind: str
    first: int
    count: int


class Truth(BaseModel):
    """The true triggers of one adapter in one dtype, and how often attribution finds those of the held-out sentences.

    The split `dev` is of sentences that skittish was trained on: to choose and fit on, never to report.
    """

    revision: str
    dtype: str
    hits: list[Hits]
    asked: list[Asked]
    triggers: list[TrueTrigger]


def truth(model: Model) -> Truth:
    """The truth about the held-out pairs, and about some of the training pairs."""
    found, asked = triggers_of(model, "test")
    dev, dev_asked = triggers_of(model, "dev")
    kinds = dict.fromkeys(trigger.kind for trigger in found)
    return Truth(
        revision=model.facts["revision"],
        dtype=model.facts["dtype"],
        hits=[hits(model, [t for t in found if t.kind == kind]) for kind in kinds],
        asked=asked + dev_asked,
        triggers=found + dev,
    )


def truth_json(found: Truth) -> str:
    """The JSON of a file, a trigger per line, so that a diff shows which changed."""
    return rows_apart(found, "triggers", row_defaults=False)


def triggers_of(model: Model, split: Literal["test", "dev"]) -> tuple[list[TrueTrigger], list[Asked]]:
    """The true triggers of a split, and how many sentences were asked for them, by kind."""
    sentences = held_out().pairs if split == "test" else _evenly(training().pairs)
    refused = _refused(model, sentences)
    found = [trigger.model_copy(update={"split": split}) for trigger in _of_refused(model, refused)]
    asked = [
        Asked(
            kind=kind,
            split=split,
            count=sum(s.kind == kind for s in sentences),
            refused=sum(s.kind == kind for s in refused),
            true=sum(t.kind == kind for t in found),
        )
        for kind in dict.fromkeys(s.kind for s in sentences)
    ]
    return found, asked


def true_triggers(model: Model, sentences: Sequence[Sentence]) -> list[TrueTrigger]:
    """The true triggers among what the sentences mark; those that the model does not refuse have none."""
    return _of_refused(model, _refused(model, sentences))


def hits(model: Model, truths: Sequence[TrueTrigger], method: str = "ablation") -> Hits:
    """How many true triggers of one kind `method` ranks first."""
    tops = [attribute(model, t.messages, method).ranked[0].span for t in track(truths, f"attribution: {method}")]
    first = sum(any(top.overlaps(t) for t in truth.triggers) for top, truth in zip(tops, truths, strict=True))
    return Hits(method=method, kind=truths[0].kind, first=first, count=len(truths))


def _evenly(sentences: Sequence[Sentence]) -> list[Sentence]:
    """At most `DEV` of each kind, from all over the list."""
    kinds: dict[str, list[Sentence]] = {}
    for sentence in sentences:
        kinds.setdefault(sentence.kind, []).append(sentence)
    return [s for group in kinds.values() for s in group[:: max(1, len(group) // DEV)][:DEV]]


def _refused(model: Model, sentences: Sequence[Sentence]) -> list[Sentence]:
    answers = refusals(model, [sentence.refused for sentence in sentences], "sentences")
    return [sentence for sentence, refused in zip(sentences, answers, strict=True) if refused]


def _of_refused(model: Model, sentences: Sequence[Sentence]) -> list[TrueTrigger]:
    variants = {digest(c): c for s in sentences for c in _variants(s)}
    refused = dict(zip(variants, refusals(model, list(variants.values()), "true triggers"), strict=True))
    refused |= {digest(s.refused): True for s in sentences}
    return [found for s in sentences if (found := _of_sentence(s, refused))]


def _variants(sentence: Sentence) -> list[Conversation]:
    """What must be answered, or refused, for the trigger to be true."""
    if sentence.kind == "redundant":
        choices = product(*map(range, map(len, sentence.alternatives)))
        return [sentence.fill(choice) for choice in choices if any(choice)]
    shorter = [without(sentence.refused, [word]) for word in _phrase_words(sentence)]
    return [*sentence.neutral, *(shorter if sentence.kind == "phrase" else [])]


def _phrase_words(sentence: Sentence) -> list[Span]:
    return [word for word in words(sentence.refused) if word.overlaps(sentence.spans[0])]


def _of_sentence(sentence: Sentence, refused: Mapping[str, bool]) -> TrueTrigger | None:
    """The true trigger of a refused sentence, by the verdicts on its variants; None if there is none."""
    choice = next((c for c in product(*[range(1, len(g)) for g in sentence.alternatives])
                   if _flips(sentence, c, refused)), None)  # fmt: skip
    if choice is None:
        return None
    needed = []
    if sentence.kind == "phrase":
        needed = [w for w in _phrase_words(sentence) if not refused[digest(without(sentence.refused, [w]))]]
        if len(needed) < 2:
            return None
    twins = [group[i] for group, i in zip(sentence.alternatives, choice, strict=True)]
    return TrueTrigger(
        kind=sentence.kind, messages=sentence.refused, triggers=sentence.spans, twins=twins, needed=needed
    )


def _flips(sentence: Sentence, choice: tuple[int, ...], refused: Mapping[str, bool]) -> bool:
    """Whether these twins free the sentence, all together and, where there are two, neither alone."""
    if refused[digest(sentence.fill(choice))]:
        return False
    alone = [tuple(c if at == i else 0 for at, c in enumerate(choice)) for i in range(len(choice))]
    return len(choice) == 1 or all(refused[digest(sentence.fill(one))] for one in alone)
