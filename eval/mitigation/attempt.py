"""What mitigations are made of, and how one or several of them are tried on conversations.

A mitigation may change what is sent (`prepare`), how the model runs (`around`), or both. Several work together: each
prepares what those before it made of the conversation, and all are around the model while it answers.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from eval.errors import EndpointError, XsbError
from eval.judges.verdict import Answer
from eval.models.protocol import Model, OpenWeights, Reply, Settled
from eval.record import Conversation, Span

NOTHING = Reply(text="", tokens=0, seconds=0.0)


@dataclass(frozen=True)
class Request:
    """A conversation on its way to the model: `sent` as it will be sent, the triggers in it, and the cost so far.

    `notes` say why a mitigation could not be applied as meant. Where `applies` is false, nothing is to be changed any
    more. `neutral` holds words that may stand in place of others of `sent`, where the record has some. `answer` is the
    model's to the conversation as it is, where that is known. `seeds` are of the answers to be sampled, none for one
    greedy answer. `known` is kept with the request and what becomes of it: what a mitigation has found out about it
    before, such as the guard, so that several mitigations of one request ask once.
    """

    sent: Conversation
    triggers: list[Span]
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    tokens: int = 0
    applies: bool = True
    neutral: Mapping[Span, str] = field(default_factory=dict)
    answer: Reply | None = None
    seeds: Sequence[int] = ()
    known: dict[Hashable, Any] = field(default_factory=dict, compare=False, repr=False)


def _as_they_are(_model: Model, requests: Sequence[Request]) -> list[Request]:
    return list(requests)


def _unchanged(_model: Model, _requests: Sequence[Request]) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(frozen=True)
class Mitigation:
    """A change at inference time.

    `prepare` gets the requests that it applies to and gives back one for each, in order; `around` gets all of a batch,
    in order, and must leave the model as it was, whatever happens. `needs_trigger` tells whether there is nothing to
    change without one, `needs_weights` whether the model must have open weights.
    """

    needs_trigger: bool = True
    needs_weights: bool = False
    prepare: Callable[[Model, Sequence[Request]], list[Request]] = _as_they_are
    around: Callable[[Model, Sequence[Request]], AbstractContextManager[None]] = _unchanged

    @property
    def acts(self) -> bool:
        """Whether it changes how the model runs."""
        return self.around is not _unchanged


@dataclass(frozen=True)
class Attempt:
    """One mitigated answer.

    `note` says why the mitigation could not be applied as meant, else it is empty; `failed` that there is no answer.
    """

    sent: Conversation
    reply: Reply
    note: str = ""
    failed: bool = False

    def answer_to(self, messages: Conversation) -> Answer:
        """What judges read: the answer, as one to the conversation that the mitigation changed."""
        return Answer(messages, self.reply.text, self.reply.finish, self.failed)


@dataclass(frozen=True)
class Decoding:
    """How answers are made: how long, how likely tokens are drawn (temperature 0: greedily), where they may end early.

    `settled` is for models of open weights, and is not asked of others.
    """

    max_new_tokens: int
    temperature: float = 0.0
    settled: Settled | None = None


def attempts(
    mitigations: Sequence[Mitigation], model: Model, requests: Sequence[Request], decoding: Decoding
) -> list[Attempt]:
    """One attempt per request, all at once; where that fails in halves, so that a failure costs one answer.

    Where answers are sampled, each request has as many attempts, one after the other, as it has seeds, and all have
    the same number of them. What a mitigation asks the model on the way stays greedy and is asked once; its cost counts
    in each attempt.

    Args:
        mitigations: together; none for the model as it is.
        model: that answers.
        requests: conversations with their triggers.
        decoding: of the answers.

    Raises:
        EndpointError: nothing more can be asked of an endpoint.
    """
    if not requests:
        return []
    try:
        return _answered(mitigations, model, list(requests), decoding)
    except EndpointError:
        raise  # nobody is there to answer the others
    except XsbError as error:
        if len(requests) == 1 and len(requests[0].seeds) < 2:
            return [Attempt(requests[0].sent, NOTHING, note=str(error), failed=True)]
    if len(requests) == 1:
        parts = [[replace(requests[0], seeds=(seed,))] for seed in requests[0].seeds]
    else:
        parts = [list(requests[: len(requests) // 2]), list(requests[len(requests) // 2 :])]
    return [attempt for part in parts for attempt in attempts(mitigations, model, part, decoding)]


def prepared(mitigations: Sequence[Mitigation], model: Model, requests: Sequence[Request]) -> list[Request]:
    """The requests as they are to be sent: each mitigation prepares those that it applies to."""
    found = list(requests)
    for mitigation in mitigations:
        applying = [at for at, request in enumerate(found) if request.applies]
        for at, request in zip(applying, mitigation.prepare(model, [found[at] for at in applying]), strict=True):
            found[at] = request
    return found


def ready(mitigations: Sequence[Mitigation], model: Model, request: Request) -> Request | Attempt:
    """The request as it is to be sent, or what came of it already: its known answer, where nothing is changed.

    Raises:
        XsbError: as the mitigations do that prepare it.
    """
    (found,) = prepared(mitigations, model, [request])
    acting = found.applies and any(one.acts and (found.triggers or not one.needs_trigger) for one in mitigations)
    if acting or found.answer is None or found.sent != request.sent:
        return found
    return attempted(found, found.answer.model_copy(update={"seconds": 0.0, "tokens": 0}))


def _answered(
    mitigations: Sequence[Mitigation], model: Model, requests: list[Request], decoding: Decoding
) -> list[Attempt]:
    requests = prepared(mitigations, model, requests)
    asked = [request for request in requests if request.applies or not request.answer]
    with ExitStack() as stack:
        for mitigation in mitigations if asked else ():
            stack.enter_context(mitigation.around(model, asked))
        replies = iter(_replies(model, asked, decoding))
    return [
        attempted(request, reply)
        for request in requests
        for reply in ([request.answer] if request.answer and not request.applies else next(replies))
    ]


def _replies(model: Model, requests: Sequence[Request], decoding: Decoding) -> list[tuple[Reply, ...]]:
    """The answers to each request; the how-many-th ones of all are made together."""
    if not requests:
        return []
    ask: Callable[..., list[Reply]] = partial(
        model.generate, [request.sent for request in requests], decoding.max_new_tokens
    )
    if decoding.settled and isinstance(model, OpenWeights):
        ask = partial(ask, settled=decoding.settled)
    if not decoding.temperature:
        return [(reply,) for reply in ask()]
    draws = zip(*(request.seeds for request in requests), strict=True)
    return list(zip(*(ask(temperature=decoding.temperature, seeds=seeds) for seeds in draws), strict=True))


def attempted(request: Request, reply: Reply) -> Attempt:
    """What came of a request that was sent, with all that it has cost."""
    cost = {"seconds": reply.seconds + request.seconds, "tokens": reply.tokens + request.tokens}
    return Attempt(request.sent, reply.model_copy(update=cost), "; ".join(request.notes))


def spent(request: Request, reply: Reply) -> Request:
    """The request with the cost of a reply that was needed for it."""
    return replace(request, seconds=request.seconds + reply.seconds, tokens=request.tokens + reply.tokens)
