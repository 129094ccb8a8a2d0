"""The thread that has the model: what becomes of answers that are made together when one of them cannot be made."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Event

import pytest

from eval.errors import ModelError
from eval.mitigation import Mitigation, Request
from eval.models.protocol import Model
from eval.models.transformers import TransformersModel
from eval.record import conversation
from eval.serve.job import Ended, Job
from eval.serve.parameters import Parameters
from eval.serve.wire import ApiError
from eval.serve.worker import Worker

TEXTS = ["The quick fox", "Stop the fox", "The brown dog runs", "Jumps over it"]
Told = str | Ended | ApiError


@contextmanager
def picky(_: Model, requests: Sequence[Request]) -> Iterator[None]:
    """Cannot be around an answer to the second text."""
    if any(request.applies and request.sent[-1].content == TEXTS[1] for request in requests):
        raise ModelError("not this one")
    yield


@contextmanager
def late(_: Model, requests: Sequence[Request]) -> Iterator[None]:
    """Fails once all answers are there."""
    yield
    if len(requests) > 1:
        raise ModelError("too late")


@pytest.fixture
def worker(tiny: TransformersModel) -> Iterator[Worker]:
    found = Worker(tiny, 6)
    yield found
    found.stop()
    found.join()


def told(worker: Worker, mitigation: Mitigation, stream: bool = False) -> list[list[Told]]:
    """What each of the jobs is told, all of one batch."""
    queues: list[SimpleQueue[Told]] = [SimpleQueue() for _ in TEXTS]
    parameters, ready, over = Parameters(6, 0.0, 0, (), usage=False), Event(), Event()
    worker.put(lambda: _wait(ready))
    for text, queue in zip(TEXTS, queues, strict=True):
        worker.put(Job(Request(conversation(text), []), parameters, stream, (mitigation,), queue.put))
    worker.put(over.set)
    ready.set()
    assert over.wait(60)
    return [[queue.get() for _ in range(queue.qsize())] for queue in queues]


def test_of_a_batch_only_the_answer_that_cannot_be_made_fails(worker: Worker, tiny: TransformersModel) -> None:
    first, second, *others = told(worker, Mitigation(around=picky))
    assert [str(one) for one in second] == ["not this one"] and isinstance(second[0], ApiError)
    own = [reply.text for reply in tiny.generate([conversation(text) for text in TEXTS], 6)]
    assert [answer for answer, _ in (first, *others)] == [own[0], *own[2:]]
    assert all(isinstance(end, Ended) for _, end in (first, *others))


def _wait(event: Event) -> None:
    assert event.wait(60)


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_has_ended_is_neither_made_again_nor_failed(worker: Worker, stream: bool) -> None:
    for one in told(worker, Mitigation(around=late), stream):
        assert [isinstance(what, Ended) for what in one] == [False] * (len(one) - 1) + [True]
        assert len(one) > 1 and not any(isinstance(what, ApiError) for what in one)
