"""What a loaded model is asked for a visitor: an answer, the words to blame, what mitigations make of a prompt."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import lru_cache, partial

from eval.attribution import Attribution, attribute, check_method
from eval.diagnose import mitigated
from eval.errors import XsbError
from eval.evaluations import counted
from eval.judges.panel import Panel
from eval.judges.verdict import Answer
from eval.mitigation import GUARD, NOTHING, Attempt, Mitigation, Request, check_weights, named
from eval.mitigation.attempt import attempted, ready
from eval.mitigation.guard import Decision, decide
from eval.models.protocol import Model
from eval.record import Conversation
from eval.serve.plan import JUDGED_TOKENS
from space_app.engine.loaded import Loaded, Remote, Through
from space_app.engine.reading import as_written
from space_app.engine.steps import Answered, Attributed, Doing, Guard, Tried
from space_app.engine.visit import Visit


@dataclass(frozen=True)
class Help:
    """Who tries mitigations on what.

    `organism` says that the model is made to over-refuse, and may be mitigated whatever the guard says; on any other
    the guard decides.
    """

    loaded: Loaded
    panel: Panel
    request: Request
    organism: bool
    visit: Visit


def answer(loaded: Loaded, panel: Panel, messages: Conversation, visit: Visit, stream: bool = True) -> Answered:
    """The answer as it is, and its verdict; with `stream`, told as it is written."""
    reply = loaded.write(visit, Request(messages, []), stream=stream)
    started = time.perf_counter()
    verdict = panel([Answer(messages, reply.text, reply.finish)])[0].verdict
    return Answered(reply=reply, verdict=verdict, seconds=reply.seconds + time.perf_counter() - started)


def blame(loaded: Loaded, messages: Conversation, method: str, response: str, visit: Visit) -> Attributed:
    """The words to blame; evaluations are told as they are done. `response` may be empty."""
    check_method(loaded.model, method)
    visit.tell(Doing(f"attribution: {method}"))
    found = loaded.turn(visit, partial(_attributed, messages, method, response))
    return Attributed(found=found, seconds=found.seconds)


def help_with(asked: Help, names: Sequence[str]) -> Iterator[Tried]:
    """One `Tried` for each mitigation, as soon as it is ready; the guard is asked once.

    All requests are prepared before the first is answered, so that the answers can be written together.
    """
    visit = asked.visit
    visit.tell(Doing("asking the guard"))
    decision = asked.loaded.turn(visit, partial(_decided, asked.request, asked.organism))
    visit.tell(Doing("trying mitigations", 0, len(names)))
    with ThreadPoolExecutor(len(names)) as pool:
        prepared = list(pool.map(partial(_prepared, asked, decision), names))
        waiting = [pool.submit(_tried, asked, name, decision, one) for name, one in zip(names, prepared, strict=True)]
        for done in as_completed(waiting):
            yield done.result()


def _attributed(messages: Conversation, method: str, response: str, model: Model, visit: Visit) -> Attribution:
    def told(done: int, total: int) -> None:
        visit.tell(Doing(f"attribution: {done} of {total} evaluations", done, total))

    with counted(told):
        return attribute(model, messages, method, response=response, max_new_tokens=JUDGED_TOKENS)


def _decided(request: Request, organism: bool, model: Model, visit: Visit) -> Decision:
    visit.check()
    if not organism and not (read := as_written(request)).allowed:
        return read
    return decide(model, [request])[0]


def _prepared(asked: Help, decision: Decision, name: str) -> Request | Attempt:
    """The request as it is to be sent, or what came of it already: what fails costs the others nothing."""
    request, loaded, visit = asked.request, asked.loaded, asked.visit
    guarded = not asked.organism or name.startswith(f"{GUARD}+")
    if guarded and not decision.allowed:
        request = replace(request, applies=False, notes=(f"guard: {decision.reason}; nothing was mitigated",))
    try:
        check_weights(loaded.model, [name])
        model = loaded.model if isinstance(loaded, Remote) else Through(loaded, visit)
        return ready(_parts(name), model, request)
    except XsbError as error:
        return _failed(request, error)


def _tried(asked: Help, name: str, decision: Decision, prepared: Request | Attempt) -> Tried:
    """What came of one mitigation."""
    attempt = prepared if isinstance(prepared, Attempt) else _written(asked, name, prepared)
    return Tried(
        result=mitigated(name, asked.request, attempt, asked.panel),
        guard=Guard(allowed=decision.allowed, reason=decision.reason),
        seconds=attempt.reply.seconds,
        tokens=attempt.reply.tokens,
    )


def _written(asked: Help, name: str, request: Request) -> Attempt:
    try:
        return attempted(request, asked.loaded.write(asked.visit, request, _parts(name)))
    except XsbError as error:
        return _failed(request, error)


def _failed(request: Request, error: XsbError) -> Attempt:
    return Attempt(request.sent, NOTHING, note=str(error), failed=True)


@lru_cache(maxsize=64)
def _parts(name: str) -> tuple[Mitigation, ...]:
    """The mitigations of a name, the same ones each time, so that answers can be joined; the guard has been asked."""
    return tuple(named(name.removeprefix(f"{GUARD}+")))
