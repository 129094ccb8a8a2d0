"""On ZeroGPU: each piece of work borrows a GPU, in a process that is forked for it. Elsewhere this does nothing.

Written from the source of the `spaces` package, version 0.51; nobody has run it on ZeroGPU yet. There a GPU is there
only inside a decorated function, which runs in a fork: the model, loaded before, is inherited, what is asked and told
goes through queues, so it must pickle, and answers of several visitors are not joined.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import Any, TypeVar

import spaces
from spaces.config import Config

from eval.errors import ModelError, XsbError
from eval.mitigation import Mitigation, Request
from eval.models.protocol import Model, Reply
from eval.models.transformers import TransformersModel
from space_app.engine.loaded import Local, Work
from space_app.engine.steps import Step
from space_app.engine.visit import Visit, follow

ZERO = bool(Config.zero_gpu)
# Seconds of a GPU that are asked for: who asks for fewer waits less there, and what takes longer is cut off.
BEGIN = 10  # to borrow it and to move the model there
PER_TOKEN = 0.1  # of an answer; a model of 8B in bfloat16 needs a third of that
ATTRIBUTION = 60  # of a long dialogue, which is the longest of what is not an answer
T = TypeVar("T")
Asked = tuple[Request, tuple[Mitigation, ...], int | None, bool]
_HELD: list[tuple[TransformersModel, int]] = []  # the model in memory, where a fork finds it


@dataclass(frozen=True)
class Task:
    """Work, and the seconds of a GPU that it takes at most."""

    do: Callable[[Local, Visit], Any]
    seconds: int


@dataclass(frozen=True)
class Result:
    """What came of the work, or why nothing did, in a line for the visitor."""

    value: Any = None
    error: str = ""


def _in_fork(task: Task) -> Iterator[Step | Result]:
    """The steps of a task with a thread for the model in this process, and its result."""
    local, found = Local(*_HELD[0]), []
    try:
        yield from follow(lambda visit: found.append(task.do(local, visit)))
        yield Result(found[0])
    except XsbError as error:
        yield Result(error=str(error))
    finally:
        local.close()


def _write(asked: Asked, local: Local, visit: Visit) -> Reply:
    return local.write(visit, *asked)


def _turn(work: Work[T], local: Local, visit: Visit) -> T:
    return local.turn(visit, work)


def _seconds(task: Task) -> int:
    return task.seconds


on_gpu = spaces.GPU(_in_fork, duration=_seconds)


class Borrowed:
    """A model whose work runs on a GPU that is borrowed; see `space_app.engine.loaded.Loaded`."""

    def __init__(self, model: TransformersModel, new_tokens: int) -> None:
        """Hold it for the forks."""
        self.model: Model = model
        self._new_tokens = new_tokens
        _HELD[:] = [(model, new_tokens)]

    def write(
        self, visit: Visit, request: Request, mitigations: Sequence[Mitigation] = (), tokens: int | None = None,
        stream: bool = False,
    ) -> Reply:  # fmt: skip
        """As `Loaded.write`."""
        asked = (request, tuple(mitigations), tokens, stream)
        seconds = BEGIN + ceil(PER_TOKEN * (tokens or self._new_tokens))
        reply: Reply = self._borrow(visit, Task(partial(_write, asked), seconds))
        return reply

    def turn(self, visit: Visit, work: Work[T]) -> T:
        """As `Loaded.turn`."""
        found: T = self._borrow(visit, Task(partial(_turn, work), BEGIN + ATTRIBUTION))
        return found

    def close(self) -> None:
        """Let go of the model."""
        _HELD.clear()

    def _borrow(self, visit: Visit, task: Task) -> Any:
        for one in on_gpu(task):
            if not isinstance(one, Result):
                visit.tell(one)
            elif one.error:
                raise ModelError(one.error)
            else:
                return one.value
        raise ModelError("the GPU was taken away before the end; try again")
