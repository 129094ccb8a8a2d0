"""What mitigations are made of, and how one or several of them are tried on conversations.

A mitigation may change what is sent (`prepare`), how the model runs (`around`), or both. Several work together: each
prepares what those before it made of the conversation, and all are around the model while it answers.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, replace

from eval.errors import XsbError
from eval.judges.verdict import Answer
from eval.models.protocol import Model, Reply
from eval.record import Conversation, Span

NOTHING = Reply(text="", tokens=0, seconds=0.0)


@dataclass(frozen=True)
class Request:
    """A conversation on its way to the model: `sent` as it will be sent, the triggers in it, and the cost so far.

    `notes` say why a mitigation could not be applied as meant. Where `applies` is false, nothing is to be changed any
    more.
    """

    sent: Conversation
    triggers: list[Span]
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    tokens: int = 0
    applies: bool = True


def _as_they_are(_model: Model, requests: Sequence[Request]) -> list[Request]:
    return list(requests)


def _unchanged(_model: Model, _requests: Sequence[Request]) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(frozen=True)
class Mitigation:
    """A change at inference time.

    `prepare` gets the requests that it applies to and gives back one for each, in order; `around` gets all of a batch,
    in order, and must leave the model as it was, whatever happens. `needs_trigger` tells whether there is nothing to
    change without one.
    """

    needs_trigger: bool = True
    prepare: Callable[[Model, Sequence[Request]], list[Request]] = _as_they_are
    around: Callable[[Model, Sequence[Request]], AbstractContextManager[None]] = _unchanged


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


def attempts(
    mitigations: Sequence[Mitigation],
    model: Model,
    conversations: Sequence[Conversation],
    triggers: Sequence[list[Span]],
    max_new_tokens: int,
) -> list[Attempt]:
    """One attempt per conversation, in one batch; where that fails one by one, so that a failure costs one answer.

    Args:
        mitigations: together; none for the model as it is.
        model: that answers.
        conversations: what it is asked.
        triggers: of each conversation.
        max_new_tokens: of an answer.
    """
    requests = [Request(list(one), list(spans)) for one, spans in zip(conversations, triggers, strict=True)]
    return _tried(mitigations, model, requests, max_new_tokens)


def _tried(
    mitigations: Sequence[Mitigation], model: Model, requests: Sequence[Request], max_new_tokens: int
) -> list[Attempt]:
    if not requests:
        return []
    try:
        return _answered(mitigations, model, list(requests), max_new_tokens)
    except XsbError as error:
        if len(requests) == 1:
            return [Attempt(requests[0].sent, NOTHING, note=str(error), failed=True)]
    return [attempt for one in requests for attempt in _tried(mitigations, model, [one], max_new_tokens)]


def _answered(
    mitigations: Sequence[Mitigation], model: Model, requests: list[Request], max_new_tokens: int
) -> list[Attempt]:
    for mitigation in mitigations:
        applying = [at for at, request in enumerate(requests) if request.applies]
        prepared = mitigation.prepare(model, [requests[at] for at in applying])
        for at, request in zip(applying, prepared, strict=True):
            requests[at] = request
    with ExitStack() as stack:
        for mitigation in mitigations:
            stack.enter_context(mitigation.around(model, requests))
        replies = model.generate([request.sent for request in requests], max_new_tokens)
    return [_attempt(request, reply) for request, reply in zip(requests, replies, strict=True)]


def _attempt(request: Request, reply: Reply) -> Attempt:
    cost = {"seconds": reply.seconds + request.seconds, "tokens": reply.tokens + request.tokens}
    return Attempt(request.sent, reply.model_copy(update=cost), "; ".join(request.notes))


def spent(request: Request, reply: Reply) -> Request:
    """The request with the cost of a reply that was needed for it."""
    return replace(request, seconds=request.seconds + reply.seconds, tokens=request.tokens + reply.tokens)
