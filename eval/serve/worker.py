"""One thread that has the model: answers that are asked for within milliseconds are made together.

All that runs the model goes through it, so that two threads never do at once; what cannot be joined has its turn, one
between the answers that have come meanwhile.
"""

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import NamedTuple

from eval.errors import InputError, XsbError
from eval.mitigation import Mitigation
from eval.models.protocol import Reply
from eval.models.transformers import THINK, TransformersModel
from eval.serve.job import Ended, Job
from eval.serve.wire import ApiError
from eval.serve.written import Written

LOG = logging.getLogger(__name__)
COLLECT = 0.005  # seconds
MOST = 64  # answers at once


class Batch(NamedTuple):
    """Answers that are made together, and the mitigations that act on those that asked for any."""

    jobs: list[Job]
    mitigations: tuple[Mitigation, ...]


Work = Callable[[], None]


class Worker:
    """The thread. `new_tokens` is the length of answers where clients leave it open."""

    def __init__(self, model: TransformersModel, new_tokens: int) -> None:
        """Start it."""
        self._model, self._new_tokens = model, new_tokens
        self._queue: queue.SimpleQueue[Job | Work | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="model", daemon=True)
        self._thread.start()

    def put(self, item: Job | Work) -> None:
        """A job, or a function for its turn, which must not raise."""
        self._queue.put(item)

    def stop(self) -> None:
        """After what has been put."""
        self._queue.put(None)

    def join(self) -> None:
        """Until it has stopped."""
        self._thread.join()

    def _run(self) -> None:
        works: deque[Work] = deque()
        stopped = False
        while works or not stopped:
            items = self._collected(wait=not works) if not stopped else []
            stopped = stopped or None in items
            self._answer_all([item for item in items if isinstance(item, Job)])
            works.extend(item for item in items if item is not None and not isinstance(item, Job))
            if works:
                works.popleft()()

    def _collected(self, wait: bool) -> list[Job | Work | None]:
        """What comes within a moment after the first; without waiting for one, what is there."""
        items = [self._queue.get()] if wait else []
        end = time.monotonic() + (COLLECT if wait else 0)
        while len(items) < MOST:
            try:
                items.append(self._queue.get(timeout=max(0.0, end - time.monotonic())))
            except queue.Empty:
                break
        return items

    def _answer_all(self, jobs: Sequence[Job]) -> None:
        fitting = []
        for job in jobs:
            job.started.set()
            if job.gone.is_set():
                continue
            try:
                job.tokens = self._fitted(job)
                fitting.append(job)
            except Exception as error:  # a text that no tokenizer takes must not end the thread
                job.tell(_failed(error))
        self._answer_apart(fitting)

    def _answer_apart(self, jobs: Sequence[Job]) -> None:
        """Answer them in batches; one that fails is tried again in halves, so that a failure costs one answer.

        What a client has read of an answer cannot be taken back: such a job is told of the failure.
        """
        for batch in self._batches(jobs):
            try:
                self._answer(*batch)
            except Exception as error:
                again = [job for job in batch.jobs if not job.told and len(batch.jobs) > 1]
                for job in batch.jobs:
                    if job not in again and not job.ended:
                        job.tell(_failed(error))
                middle = len(again) // 2
                for half in (again[:middle], again[middle:]):
                    self._answer_apart(half)

    def _batches(self, jobs: Sequence[Job]) -> list[Batch]:
        """Those that can be made together: what no mitigation acts on goes with any."""
        found: list[Batch] = []
        for job in sorted(jobs, key=lambda job: not job.acting):
            fit = (b for b in found if job.acting in ((), b.mitigations) and self._fits(b.jobs, job))
            if batch := next(fit, None):
                batch.jobs.append(job)
            else:
                found.append(Batch([job], job.acting))
        return found

    def _fits(self, jobs: Sequence[Job], job: Job) -> bool:
        """Whether the longest answer fits behind the longest prompt of all; only rows that are watched end alone."""
        first, together = jobs[0], (*jobs, job)
        longest = max(one.prompt_tokens for one in together) + max(one.tokens for one in together)
        alike = self._model.decodable or job.tokens == first.tokens
        return alike and job.parameters.temperature == first.parameters.temperature and longest <= self._model.limit

    def _fitted(self, job: Job) -> int:
        """How many tokens the answer may have; what the prompt has, and the answer begins with, is kept in the job.

        Raises:
            ApiError: the template refuses the conversation, or the context is too small.
        """
        try:
            text = self._model.render(job.request.sent)
        except InputError as error:
            raise ApiError(400, str(error), param="messages", code="invalid_messages") from error
        job.thinks = THINK if text.rstrip().endswith(THINK) else ""
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

    def _answer(self, jobs: Sequence[Job], mitigations: Sequence[Mitigation]) -> None:
        texts = [Written(job.parameters.stop) for job in jobs]

        def watch(place: int, found: list[int]) -> bool:
            job, text = jobs[place], texts[place]
            if job.gone.is_set():
                return True
            if job.stream or job.parameters.stop:
                new = text.more((job.thinks + self._decoded(found)).strip())
                if new and job.stream:
                    job.say(new)
            return text.ended or len(found) >= job.tokens

        def done(place: int, reply: Reply) -> None:
            job, text = jobs[place], texts[place]
            if rest := text.more(reply.text, last=True):
                job.say(rest if job.stream else text.sent)
            elif not job.stream:
                job.say(text.sent)
            finish = "stop" if text.ended or reply.tokens < job.tokens else "length"
            job.end(Ended(finish, job.prompt_tokens, reply.tokens))

        requests = [job.request if job.acting else replace(job.request, applies=False) for job in jobs]
        temperature = jobs[0].parameters.temperature
        with ExitStack() as stack:
            for mitigation in mitigations:
                stack.enter_context(mitigation.around(self._model, requests))
            self._model.generate(
                [job.request.sent for job in jobs], max(job.tokens for job in jobs), temperature=temperature,
                seeds=[job.parameters.seed for job in jobs] if temperature else (), watch=watch, done=done,
            )  # fmt: skip

    def _decoded(self, tokens: list[int]) -> str:
        return str(self._model.tokenizer.decode(tokens, skip_special_tokens=True)).strip()


def _failed(error: Exception) -> ApiError:
    if isinstance(error, ApiError):
        return error
    if isinstance(error, XsbError):
        return ApiError(500, str(error), "server_error", code="model_failed")
    LOG.error("the model failed: %s", type(error).__name__)  # its message may hold text of a prompt
    return ApiError(500, "the model failed", "server_error", code="model_failed")
