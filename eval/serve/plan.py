"""What is to be done about a refusal: is the request harmless, which word is to blame, and may it be mitigated?

Three steps, the cheapest first. The guard's reader, which asks no model, leaves a harmful request alone before anything
is paid for; attribution finds the trigger; the guard asks whether the refusal hangs on it alone. Then the mitigation
prepares the request. All of it runs in a thread.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from eval.attribution import attribute, default_method
from eval.errors import XsbError
from eval.mitigation import Attempt, Request, named
from eval.mitigation.attempt import ready
from eval.mitigation.guard import as_read, decide
from eval.models.protocol import Beginning, Logprobs, Model, Reply
from eval.record import Conversation
from eval.serve.outcome import Outcome

JUDGED_TOKENS = 32  # of an answer to a part of the request: enough to tell a refusal
Check = Callable[[], None]


class TooLate(XsbError):
    """The time for an intervention is over."""


class Deadline:
    """The time that an intervention has; it may be over earlier, where nobody waits for it any more."""

    def __init__(self, seconds: float) -> None:
        """From now."""
        self._end = time.monotonic() + seconds

    def check(self) -> None:
        """Raise `TooLate` if it is over."""
        if time.monotonic() > self._end:
            raise TooLate("it took too long")

    def over(self) -> None:
        """Let it be over."""
        self._end = 0.0


@dataclass
class Spent:
    """What an intervention has cost so far: requests, or evaluations of a model in this process, and their tokens."""

    requests: int = 0
    tokens: int = 0


@dataclass(frozen=True)
class Plan:
    """The request to answer anew, or None; and what is known of the outcome so far."""

    request: Request | None
    outcome: Outcome

    def costing(self, spent: Spent) -> "Plan":
        """The same with what it has cost."""
        return replace(self, outcome=self.outcome.after(0.0, spent.requests, spent.tokens))


class Counted:
    """An endpoint's model that counts what it is asked, and asks no more once `check` raises."""

    def __init__(self, model: Logprobs, spent: Spent, check: Check) -> None:
        """Of this model."""
        self.name, self._model, self._spent, self._check = model.name, model, spent, check

    @property
    def facts(self) -> dict[str, str]:
        """Those of the model."""
        return self._model.facts

    def generate(
        self,
        conversations: Sequence[Conversation],
        max_new_tokens: int = 128,
        *,
        temperature: float = 0.0,
        seeds: Sequence[int] = (),
    ) -> list[Reply]:
        """As the model."""
        self._check()
        self._spent.requests += len(conversations)
        replies = self._model.generate(conversations, max_new_tokens, temperature=temperature, seeds=seeds)
        self._spent.tokens += sum(reply.prompt_tokens + reply.tokens for reply in replies)
        return replies

    def beginnings(self, conversations: Sequence[Conversation], max_new_tokens: int) -> list[Beginning] | None:
        """As the model."""
        self._check()
        found = self._model.beginnings(conversations, max_new_tokens)
        if found is not None:  # else nothing may have been asked: that it tells none is asked once
            self._spent.requests += len(conversations)
            self._spent.tokens += sum(beginning.tokens for beginning in found)
        return found


def plan(model: Model, mitigation: str, messages: Conversation, refusal: Reply, spent: Spent, check: Check) -> Plan:
    """What to do about a refusal.

    Args:
        model: that refused.
        mitigation: a name for `eval.mitigation.named`.
        messages: that it refused.
        refusal: its answer.
        spent: what a model costs that is not `Counted`, is added here.
        check: called between steps; raises to stop.

    Raises:
        XsbError: the model or the reader fails, or it is too late.
    """
    request = Request(messages, [], answer=refusal)
    (read,) = as_read([request])
    if not read.allowed:
        return Plan(None, _guarded(mitigation, read.reason))
    check()
    found = attribute(model, messages, default_method(model), response=refusal.text, max_new_tokens=JUDGED_TOKENS)
    if not isinstance(model, Counted):
        spent.requests, spent.tokens = found.evaluations, found.tokens
    words = tuple(span.text(messages) for span in found.triggers)
    if not words:
        return Plan(None, Outcome("refused", "no word is to blame", mitigation, kind="no_trigger"))
    check()
    request = Request(messages, found.triggers, answer=refusal)
    (decision,) = decide(model, [request], [read])
    if not decision.allowed:
        return Plan(None, _guarded(mitigation, decision.reason, words))
    check()
    asked = ready(named(mitigation), model, request)
    if not isinstance(model, Counted):
        spent.tokens += asked.reply.tokens if isinstance(asked, Attempt) else asked.tokens
    if isinstance(asked, Attempt):
        reason = f"{mitigation} finds nothing to change"  # the notes name words of the prompt
        return Plan(None, Outcome("refused", reason, mitigation, words, "allowed", kind="no_change"))
    return Plan(asked, Outcome("mitigated", "", mitigation, words, "allowed", kind="mitigated"))


def failed(error: Exception) -> Plan:
    """The plan where it could not be made; its reason has no text of the endpoint's, which may hold anything."""
    if isinstance(error, TooLate | TimeoutError):
        return Plan(None, Outcome("failed", "it took too long", kind="time_out"))
    status = getattr(error.__cause__, "status_code", None)
    cause = type(error.__cause__ or error).__name__
    reason = f"an extra request was answered with {status}" if status else f"an extra request failed ({cause})"
    return Plan(None, Outcome("failed", reason, kind="failed"))


def _guarded(mitigation: str, reason: str, words: tuple[str, ...] = ()) -> Outcome:
    return Outcome("refused", f"guard: {reason}", mitigation, words, reason, kind="guard")
