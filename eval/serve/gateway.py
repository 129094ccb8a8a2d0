"""What happens to a request: it is answered as without a gateway, unless the answer is a refusal that need not be.

The first answer is never lost: whatever goes wrong on the way to another, it is what the client gets.
"""

import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from eval.judges.verdict import Verdict
from eval.mitigation import Request
from eval.models.protocol import Reply
from eval.serve.asked import Asked
from eval.serve.clear import Beginning, verdict
from eval.serve.metrics import Metrics
from eval.serve.outcome import PASSED, Outcome
from eval.serve.source import Opened, Source
from eval.serve.stream import Held, flowing, held, unread
from eval.serve.whole import Whole, whole
from eval.serve.wire import ApiError, spliced

LOG = logging.getLogger("eval.serve")
ORDER = ("unscored", "full_refusal", "partial_refusal", "full_compliance")  # what an answer is worth
T = TypeVar("T", Whole, Held)


@dataclass(frozen=True)
class Answered:
    """What goes to the client: an answer in one piece or in events, its headers, and what was done."""

    status: int
    headers: dict[str, str]
    outcome: Outcome
    body: bytes = b""
    events: AsyncIterator[bytes] | None = None


class Gateway:
    """Before one source. `seconds` is the time for an intervention, up to the mitigated request."""

    def __init__(self, source: Source, seconds: float, metrics: Metrics, log_prompts: bool = False) -> None:
        """Count in `metrics`; write words of prompts into the log only if asked."""
        self.source, self.metrics = source, metrics
        self._seconds, self._log_prompts = seconds, log_prompts

    async def chat(self, asked: Asked) -> Answered:
        """The answer to a request.

        Raises:
            ApiError: there is none.
        """
        started = time.perf_counter()
        opened = await self.source.open(asked)
        if opened.streams:
            return await self._stream(asked, opened)
        raw = await opened.read()
        answered = time.perf_counter()
        if opened.status != 200:
            outcome = Outcome("error", f"the endpoint answered {opened.status}")
            self.metrics.answered(outcome)
            return Answered(opened.status, dict(opened.headers), outcome, _as_error(raw, opened.status))
        found, outcome = await self._whole(asked, whole(raw))
        self.metrics.answered(outcome)
        self.metrics.used(found.prompt_tokens, found.tokens)
        body = spliced(found.raw, outcome.field)
        if not outcome.kind:
            self.metrics.overhead(time.perf_counter() - answered + started - asked.arrived)
        return Answered(200, dict(opened.headers), outcome, body)

    async def _whole(self, asked: Asked, first: Whole) -> tuple[Whole, Outcome]:
        skip = asked.skip or first.skip
        if skip or first.reply is None:
            return first, Outcome("skipped", skip)
        found = verdict(asked.messages, first.reply.text)
        if not found.refused:
            return first, PASSED

        async def again(request: Request) -> tuple[Whole, Verdict]:
            opened = await self.source.open(asked, request)
            raw = await opened.read()
            if opened.status != 200:
                raise ApiError(opened.status, f"the endpoint answered {opened.status}")
            other = whole(raw)
            if other.reply is None:
                raise ApiError(502, other.skip)
            return other, verdict(asked.messages, other.reply.text)

        return await self._mitigated(asked, first.reply, found, first, again)

    async def _stream(self, asked: Asked, opened: Opened) -> Answered:
        found, outcome = await self._held(asked, opened)
        self.metrics.answered(outcome)

        def broken() -> None:
            self.metrics.answered(Outcome("error", "the answer broke off"))

        events = flowing(found, outcome, self.metrics.used, broken)
        return Answered(200, dict(found.opened.headers), outcome, events=events)

    async def _held(self, asked: Asked, opened: Opened) -> tuple[Held, Outcome]:
        if asked.skip:
            return unread(opened, asked.skip), Outcome("skipped", asked.skip)
        started = time.perf_counter()
        first = await _read(opened, asked)
        self.metrics.held(time.perf_counter() - started)
        if first.clear:
            return first, Outcome("skipped", first.skip) if first.skip else PASSED
        found = verdict(asked.messages, first.text)
        if not found.refused:
            return first, PASSED

        async def again(request: Request) -> tuple[Held, Verdict | None]:
            opened = await self.source.open(asked, request)
            if not opened.streams:
                await opened.close()
                raise ApiError(opened.status, f"the endpoint answered {opened.status}")
            other = await _read(opened, asked)
            return other, None if other.clear else verdict(asked.messages, other.text)

        return await self._mitigated(asked, first.reply, found, first, again)

    async def _mitigated(
        self, asked: Asked, refusal: Reply, found: Verdict, first: T,
        again: Callable[[Request], Awaitable[tuple[T, Verdict | None]]],
    ) -> tuple[T, Outcome]:  # fmt: skip
        """The mitigated answer if there is one that is worth more, else the first."""
        started = time.perf_counter()
        plan = await self.source.plan(asked, refusal, self._seconds)
        answer, outcome = first, plan.outcome
        if plan.request is not None:
            spent = None
            try:
                other, judged = await again(plan.request)
                if judged is None or ORDER.index(judged.label) > ORDER.index(found.label):
                    answer, spent = other, first
                else:
                    spent = other
                    outcome = outcome.instead("refused", f"{outcome.mitigation} did not help", "not_helped")
            except Exception as error:  # whatever it is, the first answer must not be lost
                reason = str(error) if isinstance(error, ApiError) else type(error).__name__
                outcome = outcome.instead("failed", reason, "failed")
            outcome = outcome.after(0.0, 1, spent.prompt_tokens + spent.tokens if spent else 0)
        outcome = outcome.after(time.perf_counter() - started)
        level = logging.WARNING if outcome.result == "failed" else logging.INFO
        LOG.log(level, outcome.line(asked.messages[-1].content if self._log_prompts else None))
        return answer, outcome


async def _read(opened: Opened, asked: Asked) -> Held:
    """Up to where it is clear; let go of it where it fails, or nobody waits for it."""
    try:
        return await held(opened, Beginning(asked.messages))
    except BaseException:
        await opened.close()
        raise


def _as_error(raw: bytes, status: int) -> bytes:
    """An error in OpenAI's form: the endpoint's own bytes where they are, else one that says what came."""
    try:
        fields = json.loads(raw)
    except ValueError:
        fields = None
    if isinstance(fields, dict) and isinstance(fields.get("error"), dict):
        return raw
    names = ("error", "detail", "message")
    told = next((fields[name] for name in names if name in fields), None) if isinstance(fields, dict) else None
    text = told if isinstance(told, str) else json.dumps(told) if told else f"the endpoint answered {status}"
    kind = "invalid_request_error" if status < 500 else "upstream_error"
    return ApiError(status, text, kind).body
