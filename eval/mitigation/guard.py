"""guard: a mitigation is applied only where the refusal hangs on the trigger alone, and the request reads as harmless.

Three questions in this order; the first that is answered with no leaves the request as it is, so that the model answers
or refuses it as before:

1. Does the request, read with everything around the word, seem harmless? (`eval.harm`, a small reader trained on
   requests in which the same words stand harmlessly and harmfully; there is no list of words in it.)
2. Does the model refuse at all? What it answers needs no mitigation.
3. Counterfactual: does it stop refusing once the triggers are taken out of the text, or hidden from its attention?
   A refusal that stays has other reasons than the word.

The second and third ask the refusal score where the model has open weights, and the beginning of its answers elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from eval.mitigation.attempt import Request
from eval.models.protocol import Model, OpenWeights
from eval.record import Conversation, Span
from eval.words import without

REFUSES = 0.0  # nats: log-odds of a refusal's opener


@dataclass(frozen=True)
class Decision:
    """Whether a mitigation may be applied, and if not, why.

    `harm` is the reader's log-odds (nats; higher = more harmful). `refusal` and `without` are refusal scores (nats) as
    the request is and, the lower of both, with the triggers deleted or masked; None where they were not asked, or for a
    model without open weights.
    """

    allowed: bool
    reason: str = ""
    harm: float | None = None
    refusal: float | None = None
    without: float | None = None


def guard(model: Model, requests: Sequence[Request]) -> list[Request]:
    """The requests, of which those that are not to be mitigated say so and apply no more."""
    found = decide(model, [request.sent for request in requests], [request.triggers for request in requests])
    return [
        request if one.allowed else replace(request, applies=False, notes=(*request.notes, f"guard: {one.reason}"))
        for request, one in zip(requests, found, strict=True)
    ]


def decide(model: Model, conversations: Sequence[Conversation], triggers: Sequence[Sequence[Span]]) -> list[Decision]:
    """For each conversation, whether a mitigation of these triggers may be applied.

    Raises:
        InputError: a conversation does not fit the model.
        ModelError: the reader's encoder is not installed, or the model fails.
    """
    from eval.harm.reader import read, threshold

    most = threshold()
    found: list[Decision] = []
    left: list[int] = []
    for at, (one, spans) in enumerate(zip(read(conversations), triggers, strict=True)):
        if not spans:
            found.append(Decision(False, "there is no trigger"))
        elif one.unreadable:
            found.append(Decision(False, f"it cannot be read: {one.unreadable}"))
        elif one.harm > most:
            found.append(Decision(False, f"it reads as harmful (log-odds {one.harm:.1f})", one.harm))
        else:
            found.append(Decision(True, "", one.harm))
            left.append(at)
    counter = _counterfactuals(model, [conversations[i] for i in left], [triggers[i] for i in left])
    for at, decision in zip(left, counter, strict=True):
        found[at] = replace(decision, harm=found[at].harm)
    return found


def _counterfactuals(
    model: Model, conversations: Sequence[Conversation], triggers: Sequence[Sequence[Span]]
) -> list[Decision]:
    if isinstance(model, OpenWeights):
        return [_by_score(model, one, spans) for one, spans in zip(conversations, triggers, strict=True)]
    return _by_answers(model, conversations, triggers)


def _by_score(model: OpenWeights, messages: Conversation, spans: Sequence[Span]) -> Decision:
    import numpy as np

    from eval.score import RefusalScore
    from eval.target import refusal_openers

    features = sorted(set(spans), key=lambda span: (span.turn, span.start))
    target = refusal_openers(model.tokenizer)
    kept, removed = np.ones((1, len(features)), dtype=bool), np.zeros((1, len(features)), dtype=bool)
    deleting, masking = (
        RefusalScore(model, messages, features, target, removal=removal) for removal in ("delete", "mask")
    )
    refusal = float(deleting(kept)[0])
    lowest = min(float(score(removed)[0]) for score in (deleting, masking))
    return replace(_decision(refusal > REFUSES, lowest > REFUSES), refusal=refusal, without=lowest)


def _by_answers(
    model: Model, conversations: Sequence[Conversation], triggers: Sequence[Sequence[Span]]
) -> list[Decision]:
    from eval.refusals import refused_together

    bare = [without(one, spans) for one, spans in zip(conversations, triggers, strict=True)]
    answers = refused_together(model, [*conversations, *bare]) if bare else []
    first, second = answers[: len(bare)], answers[len(bare) :]
    return [_decision(refused, still) for refused, still in zip(first, second, strict=True)]


def _decision(refused: bool, still: bool) -> Decision:
    if not refused:
        return Decision(False, "the model does not refuse")
    return Decision(not still, "it would be refused without the trigger too" if still else "")
