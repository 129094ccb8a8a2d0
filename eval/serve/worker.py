"""One thread that has the model: answers that are asked for within milliseconds are made together.

All that runs the model goes through it, so that two threads never do at once; what cannot be joined has its turn.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from eval.errors import InputError, XsbError
from eval.mitigation import Mitigation, Request
from eval.models.transformers import THINK, TransformersModel
from eval.serve.parameters import Parameters
from eval.serve.wire import ApiError
from eval.serve.written import Written

LOG = logging.getLogger(__name__)
COLLECT = 0.005  # seconds
MOST = 64  # answers at once


@dataclass(frozen=True)
class Ended:
    """How an answer ended, and the tokens that were read and written."""

    finish: str
    prompt_tokens: int
    tokens: int


@dataclass
class Job:
    """An answer that is wanted. `tell` is called, in the thread, with pieces of text, then `Ended` or `ApiError`.

    `mitigated` means that the mitigations act while it is written. `gone` ends it at the next token.
    """

    request: Request
    parameters: Parameters
    stream: bool
    mitigated: bool
    tell: Callable[[str | Ended | ApiError], None]
    gone: threading.Event = field(default_factory=threading.Event)
    prompt_tokens: int = 0
    begun: str = ""


Work = Callable[[], None]


class Worker:
    """The thread. `new_tokens` is the length of answers where clients leave it open."""

    def __init__(self, model: TransformersModel, mitigations: Sequence[Mitigation], new_tokens: int) -> None:
        """Start it."""
        self._model, self._mitigations, self._new_tokens = model, mitigations, new_tokens
        self._queue: queue.SimpleQueue[Job | Work | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="model", daemon=True)
        self._thread.start()

    def put(self, item: Job | Work) -> None:
        """A job, or a function for its turn."""
        self._queue.put(item)

    def stop(self) -> None:
        """After what is being done."""
        self._queue.put(None)

    def _run(self) -> None:
        items: list[Job | Work | None] = []
        while None not in items:
            items = self._collected()
            self._answer_all([item for item in items if isinstance(item, Job)])
            for item in items:
                if item is not None and not isinstance(item, Job):
                    item()

    def _collected(self) -> list[Job | Work | None]:
        """What comes within a moment after the first."""
        items, end = [self._queue.get()], time.monotonic() + COLLECT
        while len(items) < MOST:
            try:
                items.append(self._queue.get(timeout=max(0.0, end - time.monotonic())))
            except queue.Empty:
                break
        return items

    def _answer_all(self, jobs: Sequence[Job]) -> None:
        groups: dict[tuple[Any, ...], list[Job]] = {}
        for job in jobs:
            try:
                tokens = self._fitted(job)
            except Exception as error:  # a text that no tokenizer takes must not end the thread
                job.tell(_failed(error))
                continue
            groups.setdefault((tokens, job.parameters.temperature, job.mitigated), []).append(job)
        for (tokens, temperature, mitigated), group in groups.items():
            try:
                self._answer(group, tokens, temperature, mitigated)
            except Exception as error:
                for job in group:
                    job.tell(_failed(error))

    def _fitted(self, job: Job) -> int:
        """How many tokens the answer may have.

        Raises:
            ApiError: the template refuses the conversation, or the context is too small.
        """
        try:
            text = self._model.render(job.request.sent)
        except InputError as error:
            raise ApiError(400, str(error), param="messages", code="invalid_messages") from error
        job.begun = THINK if text.rstrip().endswith(THINK) else ""
        job.prompt_tokens = len(self._model.tokenizer(text, add_special_tokens=False)["input_ids"])
        room = self._model.limit - job.prompt_tokens
        wanted = job.parameters.tokens or max(1, min(self._new_tokens, room))
        if wanted > room:
            raise ApiError(
                400,
                f"{self._model.name} holds {self._model.limit} tokens; the messages have {job.prompt_tokens} and "
                f"{wanted} are wanted for the answer: shorten them",
                param="messages", code="context_length_exceeded",
            )  # fmt: skip
        return wanted

    def _answer(self, jobs: Sequence[Job], tokens: int, temperature: float, mitigated: bool) -> None:
        texts = [Written(job.parameters.stop) for job in jobs]

        def watch(place: int, found: list[int]) -> bool:
            job, text = jobs[place], texts[place]
            if job.gone.is_set():
                return True
            if job.stream or job.parameters.stop:
                new = text.more((job.begun + self._decoded(found)).strip())
                if new and job.stream:
                    job.tell(new)
            return text.ended

        with ExitStack() as stack:
            for mitigation in self._mitigations if mitigated else ():
                stack.enter_context(mitigation.around(self._model, [job.request for job in jobs]))
            replies = self._model.generate(
                [job.request.sent for job in jobs], tokens, temperature=temperature,
                seeds=[job.parameters.seed for job in jobs] if temperature else (), watch=watch,
            )  # fmt: skip
        for job, text, reply in zip(jobs, texts, replies, strict=True):
            if rest := text.more(reply.text, last=True):
                job.tell(rest if job.stream else text.sent)
            elif not job.stream:
                job.tell(text.sent)
            finish = "stop" if text.ended else reply.finish
            job.tell(Ended(finish, job.prompt_tokens, reply.tokens))

    def _decoded(self, tokens: list[int]) -> str:
        return str(self._model.tokenizer.decode(tokens, skip_special_tokens=True)).strip()


def _failed(error: Exception) -> ApiError:
    if isinstance(error, ApiError):
        return error
    if isinstance(error, XsbError):
        return ApiError(500, str(error), "server_error", code="model_failed")
    LOG.error("the model failed: %s", type(error).__name__)  # its message may hold text of a prompt
    return ApiError(500, "the model failed", "server_error", code="model_failed")
