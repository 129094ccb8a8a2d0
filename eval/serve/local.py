"""A model in this process behind the gateway: its answers in the form that an endpoint would give them."""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

from eval.errors import ModelError
from eval.mitigation import Request, named
from eval.models.protocol import Reply
from eval.models.transformers import TransformersModel
from eval.serve.asked import Asked
from eval.serve.job import Ended, Job
from eval.serve.parameters import Parameters, read_parameters, unknown_model
from eval.serve.plan import Deadline, Plan, Spent, failed, plan
from eval.serve.source import Opened
from eval.serve.wire import DONE, EVENTS, JSON, ApiError, event
from eval.serve.worker import Worker

Told = str | Ended | ApiError


class Local:
    """A model of transformers; one thread runs it, and answers at once what is asked for at once."""

    def __init__(self, model: TransformersModel, mitigation: str, new_tokens: int) -> None:
        """Serve it; `new_tokens` is the length of answers where clients leave it open."""
        self.name = model.name
        self._model, self._mitigation = model, mitigation
        self._started = int(time.time())
        self._mitigations = tuple(named(mitigation))
        self._worker = Worker(model, new_tokens)

    async def open(self, asked: Asked, instead: Request | None = None) -> Opened:
        """As `Source.open`."""
        parameters = read_parameters(asked, self.name)
        told: asyncio.Queue[Told] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def tell(one: Told) -> None:
            loop.call_soon_threadsafe(told.put_nowait, one)

        request = instead or Request(asked.messages, [])
        job = Job(request, parameters, asked.stream, self._mitigations if instead else (), tell)
        self._worker.put(job)
        first = await _next(told, job)
        if isinstance(first, ApiError):
            raise first
        pieces = self._events(first, told, job) if asked.stream else self._whole(first, told, job)

        async def close() -> None:
            job.gone.set()

        return Opened(200, {"content-type": EVENTS if asked.stream else JSON}, pieces, close)

    async def plan(self, asked: Asked, refusal: Reply, seconds: float) -> Plan:
        """As `Source.plan`; in its turn, between answers."""
        deadline, spent, loop = Deadline(seconds), Spent(), asyncio.get_running_loop()
        made: asyncio.Future[Plan] = loop.create_future()

        def work() -> None:
            try:
                deadline.check()
                found = plan(self._model, self._mitigation, asked.messages, refusal, spent, deadline.check)
            except Exception as error:
                found = failed(error)
            loop.call_soon_threadsafe(_settle, made, found)

        self._worker.put(work)
        try:
            found = await asyncio.wait_for(made, seconds)
        except TimeoutError as error:
            found = failed(error)
        finally:
            deadline.over()
        return found.costing(spent)

    async def models(self, path: str, headers: Mapping[str, str], query: str) -> Opened:
        """As `Source.models`: the one that is served."""
        del headers, query
        own = {"id": self.name, "object": "model", "created": self._started, "owned_by": "xsb"}
        asked = path.removeprefix("/")
        if asked not in ("", self.name):
            raise unknown_model(asked, self.name)
        return Opened(200, {"content-type": JSON}, _one(own if asked else {"object": "list", "data": [own]}))

    async def close(self) -> None:
        """Let the thread end."""
        self._worker.stop()

    async def _whole(self, first: Told, told: "asyncio.Queue[Told]", job: Job) -> AsyncIterator[bytes]:
        text, end = str(first), await _next(told, job)
        if not isinstance(end, Ended):
            raise end if isinstance(end, ApiError) else ModelError("an answer came twice")
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": end.finish}
        yield json.dumps({**self._frame("chat.completion"), "choices": [choice], "usage": _usage(end)}).encode()

    async def _events(self, first: Told, told: "asyncio.Queue[Told]", job: Job) -> AsyncIterator[bytes]:
        frame = self._frame("chat.completion.chunk")
        yield _chunk(frame, job.parameters, {"role": "assistant", "content": ""})
        try:
            one = first
            while isinstance(one, str):
                yield _chunk(frame, job.parameters, {"content": one})
                one = await _next(told, job)
            if isinstance(one, ApiError):
                raise one
            yield _chunk(frame, job.parameters, {}, one.finish)
            if job.parameters.usage:
                yield event(json.dumps({**frame, "choices": [], "usage": _usage(one)}).encode())
            yield DONE
        finally:
            job.gone.set()

    def _frame(self, kind: str) -> dict[str, Any]:
        return {
            "id": f"chatcmpl-{secrets.token_hex(12)}", "object": kind, "created": int(time.time()), "model": self.name,
        }  # fmt: skip


async def _next(told: "asyncio.Queue[Told]", job: Job) -> Told:
    """What the thread tells next; the job is gone where nobody waits for it any more."""
    try:
        return await told.get()
    except asyncio.CancelledError:
        job.gone.set()
        raise


async def _one(content: Any) -> AsyncIterator[bytes]:
    yield json.dumps(content).encode()


def _settle(future: "asyncio.Future[Plan]", found: Plan) -> None:
    if not future.done():
        future.set_result(found)


def _chunk(frame: Mapping[str, Any], parameters: Parameters, delta: Mapping[str, Any], finish: str = "") -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish or None}
    more = {"usage": None} if parameters.usage else {}
    return event(json.dumps({**frame, "choices": [choice], **more}).encode())


def _usage(end: Ended) -> dict[str, int]:
    return {
        "prompt_tokens": end.prompt_tokens, "completion_tokens": end.tokens,
        "total_tokens": end.prompt_tokens + end.tokens,
    }  # fmt: skip
