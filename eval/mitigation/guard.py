"""guard: a mitigation is applied only where the refusal hangs on the trigger alone, and the request reads as harmless.

Three questions in this order; the first that is answered with no leaves the request as it is, so that the model answers
or refuses it as before:

1. Does the request, read with everything around the word, seem harmless? (`eval.harm`, a small reader trained on
   requests in which the same words stand harmlessly and harmfully; there is no list of words in it.)
2. Does the model refuse at all? What it answers needs no mitigation. Where its answer is known it is judged by `rules`.
3. Counterfactual: does it stop refusing once the triggers are taken out of the text, or hidden from its attention?
   A refusal that stays has other reasons than the word.

Otherwise the second and third ask the refusal score where the model has open weights, and how its answers begin
elsewhere.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from eval.judges.rules import judge
from eval.mitigation.attempt import Request
from eval.models.protocol import Model, OpenWeights
from eval.words import without

if TYPE_CHECKING:
    from eval.harm.reader import Reading  # which imports torch

REFUSES = 0.0  # nats: log-odds of a refusal's opener
ANSWERED = "the model does not refuse"
STILL = "it would be refused without the trigger too"


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
    """The requests, of which those that are not to be mitigated say so and apply no more.

    What was decided of a request before, for another mitigation, holds and is not asked again; its seconds count again,
    so that mitigations are compared as if each had come alone.
    """
    new = [request for request in requests if _key(model, request) not in request.known]
    started = time.perf_counter()
    found = decide(model, new)
    seconds = (time.perf_counter() - started) / max(1, len(new))
    for request, decision in zip(new, found, strict=True):
        request.known[_key(model, request)] = (decision, seconds)
    return [_guarded(request, *request.known[_key(model, request)]) for request in requests]


def decide(model: Model, requests: Sequence[Request], read: Sequence[Decision] | None = None) -> list[Decision]:
    """For each request, whether its triggers may be mitigated.

    Args:
        model: that would answer.
        requests: conversations with their triggers.
        read: what `as_read` has said of each, where it was asked before.

    Raises:
        InputError: a conversation does not fit the model.
        ModelError: the reader's encoder is not installed, or the model fails.
    """
    first = as_read(requests) if read is None else read
    found = [_asked(request, decision) for request, decision in zip(requests, first, strict=True)]
    left = [at for at, decision in enumerate(found) if decision.allowed]
    counter = _by_score if isinstance(model, OpenWeights) else _by_answers
    for at, decision in zip(left, counter(model, [requests[at] for at in left]), strict=True):
        found[at] = replace(decision, harm=found[at].harm)
    return found


def as_read(requests: Sequence[Request]) -> list[Decision]:
    """The first question alone: it needs no trigger and asks no model.

    Raises:
        ModelError: the reader's encoder is not installed.
    """
    from eval.harm.reader import read, threshold

    most = threshold()
    return [_by_reading(reading, most) for reading in read([request.sent for request in requests])]


def _key(model: Model, request: Request) -> tuple[object, ...]:
    """What a decision hangs on."""
    texts = tuple((message.role, message.content) for message in request.sent)
    return ("guard", model.name, texts, tuple(request.triggers), request.answer and request.answer.text)


def _guarded(request: Request, decision: Decision, seconds: float) -> Request:
    notes = request.notes if decision.allowed else (*request.notes, f"guard: {decision.reason}")
    return replace(request, applies=decision.allowed, notes=notes, seconds=request.seconds + seconds)


def _by_reading(reading: "Reading", most: float) -> Decision:
    if reading.unreadable:
        return Decision(False, f"it cannot be read: {reading.unreadable}")
    if reading.harm > most:
        return Decision(False, f"it reads as harmful (log-odds {reading.harm:.1f})", reading.harm)
    return Decision(True, harm=reading.harm)


def _asked(request: Request, read: Decision) -> Decision:
    """The same, unless there is nothing to mitigate."""
    if not request.triggers:
        return Decision(False, "there is no trigger")
    if read.allowed and request.answer and not judge(request.answer.text, request.sent[-1].content).refused:
        return Decision(False, ANSWERED, read.harm)
    return read


def _by_score(model: Any, requests: Sequence[Request]) -> list[Decision]:
    return [_scored(model, request) for request in requests]


def _scored(model: OpenWeights, request: Request) -> Decision:
    import numpy as np

    from eval.score import RefusalScore
    from eval.target import refusal_openers

    features = sorted(set(request.triggers), key=lambda span: (span.turn, span.start))
    target = refusal_openers(model.tokenizer)
    kept, removed = np.ones((1, len(features)), dtype=bool), np.zeros((1, len(features)), dtype=bool)
    deleting, masking = (
        RefusalScore(model, request.sent, features, target, removal=removal) for removal in ("delete", "mask")
    )
    refusal = float(deleting(kept)[0])
    lowest = min(float(score(removed)[0]) for score in (deleting, masking))
    refused = bool(request.answer) or refusal > REFUSES  # a known answer that is none was left out before
    return replace(_decision(refused, lowest > REFUSES), refusal=refusal, without=lowest)


def _by_answers(model: Model, requests: Sequence[Request]) -> list[Decision]:
    from eval.refusals import refused_together

    asked = [request.sent for request in requests if not request.answer]
    bare = [without(request.sent, request.triggers) for request in requests]
    answers = refused_together(model, [*asked, *bare]) if requests else []
    first, still = iter(answers[: len(asked)]), answers[len(asked) :]
    return [
        _decision(bool(request.answer) or next(first), refused)
        for request, refused in zip(requests, still, strict=True)
    ]


def _decision(refused: bool, still: bool) -> Decision:
    if not refused:
        return Decision(False, ANSWERED)
    return Decision(not still, STILL if still else "")
