"""A model that is loaded, and how it is asked: one in this process by its one thread, one behind an endpoint by calls.

Answers that several visitors want, as they are or with mitigations, are written together where that can be; what else
runs the model has its turn between them.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Event
from typing import Protocol, TypeVar

from eval.errors import InputError
from eval.mitigation import Mitigation, Request
from eval.models.protocol import Model, Reply
from eval.models.transformers import TransformersModel
from eval.record import Conversation
from eval.serve.job import Ended, Job
from eval.serve.parameters import Parameters
from eval.serve.wire import ApiError
from eval.serve.worker import Worker
from space_app.engine.steps import Writing
from space_app.engine.visit import Visit

T = TypeVar("T")
Work = Callable[[Model, Visit], T]


class Loaded(Protocol):
    """A model and the way to it."""

    model: Model

    def write(
        self, visit: Visit, request: Request, mitigations: Sequence[Mitigation] = (), tokens: int | None = None,
        stream: bool = False,
    ) -> Reply:  # fmt: skip
        """The greedy answer to a request that is prepared, while the mitigations act on the model.

        Args:
            visit: told when it waits, and, with `stream`, the answer as it is written.
            request: as it is to be sent.
            mitigations: of which those that change how the model runs are put to work.
            tokens: of the answer; as many as the settings say, or what there is room for, if absent.
            stream: whether the visitor wants to read along.

        Raises:
            XsbError: the conversation does not fit the model, or the model fails.
            Gone: nobody listens any more.
        """
        ...

    def turn(self, visit: Visit, work: Work[T]) -> T:
        """What comes of work that nothing else runs the model beside; errors of the work, and `Gone`."""
        ...

    def close(self) -> None:
        """Let go of the model, when what it does is done."""
        ...


class Local:
    """A model in this process; its thread ends with `close`."""

    def __init__(self, model: TransformersModel, new_tokens: int) -> None:
        """Start the thread."""
        self.model: Model = model
        self._worker = Worker(model, new_tokens)

    def write(
        self, visit: Visit, request: Request, mitigations: Sequence[Mitigation] = (), tokens: int | None = None,
        stream: bool = False,
    ) -> Reply:  # fmt: skip
        """As `Loaded.write`."""
        told: SimpleQueue[str | Ended | ApiError] = SimpleQueue()
        parameters = Parameters(tokens, temperature=0.0, seed=0, stop=(), usage=False)
        job = Job(request, parameters, stream, tuple(mitigations), told.put, visit.gone)
        self._worker.put(job)
        visit.until(job.started)
        started, text = time.perf_counter(), ""
        while not isinstance(one := visit.next(told), Ended):
            if isinstance(one, ApiError):
                raise InputError(str(one))
            text += one
            if stream:
                visit.tell(Writing(text))
        visit.check()  # what was given up ends early, and is no answer
        return Reply(text=text, tokens=one.tokens, seconds=time.perf_counter() - started, finish=one.finish)

    def turn(self, visit: Visit, work: Work[T]) -> T:
        """As `Loaded.turn`."""
        started, future = Event(), Future[T]()

        def in_turn() -> None:
            started.set()
            try:
                visit.check()
                future.set_result(work(self.model, visit))
            except Exception as error:  # whatever it is, the thread goes on
                future.set_exception(error)

        self._worker.put(in_turn)
        visit.until(started)
        return visit.result(future)

    def close(self) -> None:
        """Wait for the thread to end."""
        self._worker.stop()
        self._worker.join()


class Remote:
    """A model behind an endpoint, which sees to many calls at once itself; an answer comes whole."""

    def __init__(self, model: Model, new_tokens: int) -> None:
        """Of this model."""
        self.model, self._new_tokens = model, new_tokens

    def write(
        self, visit: Visit, request: Request, mitigations: Sequence[Mitigation] = (), tokens: int | None = None,
        stream: bool = False,
    ) -> Reply:  # fmt: skip
        """As `Loaded.write`; no mitigation that changes how a model runs gets so far."""
        del mitigations
        (reply,) = self.model.generate([request.sent], tokens or self._new_tokens)
        if stream:
            visit.tell(Writing(reply.text))
        return reply

    def turn(self, visit: Visit, work: Work[T]) -> T:
        """As `Loaded.turn`."""
        return work(self.model, visit)

    def close(self) -> None:
        """Nothing is held."""


class Through:
    """The model as mitigations ask it while they prepare a request: its answers are written with those of others."""

    def __init__(self, loaded: Loaded, visit: Visit) -> None:
        """Ask on behalf of this visit."""
        self.name, self._loaded, self._visit = loaded.model.name, loaded, visit

    @property
    def facts(self) -> dict[str, str]:
        """Those of the model."""
        return self._loaded.model.facts

    def generate(
        self,
        conversations: Sequence[Conversation],
        max_new_tokens: int = 128,
        *,
        temperature: float = 0.0,
        seeds: Sequence[int] = (),
    ) -> list[Reply]:
        """Greedy answers, whatever the temperature."""
        del temperature, seeds
        requests = [Request(messages, []) for messages in conversations]
        return [self._loaded.write(self._visit, request, tokens=max_new_tokens) for request in requests]
