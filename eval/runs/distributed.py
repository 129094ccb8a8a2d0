"""Spreads tasks over the actors of a Ray cluster, each with a worker of its own, such as a model.

Actors start as tasks need them. One that dies is replaced, and what it was at is done again; a task that kills three
actors ends it all. Results come in the order of the tasks, whichever actor was faster. Only whoever takes them knows
of files: an actor writes nothing.
"""

import logging
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from textwrap import shorten
from typing import Any, Generic, Protocol, TypeVar

from eval.errors import ModelError, XsbError

LOG = logging.getLogger(__name__)
QUEUED = 2  # tasks of an actor: the one that it is at, and the next, so that it need not wait for the taker of results
HELD = 4  # tasks for each actor that are begun and not taken: so much is lost where the taker is killed
DEATHS = 3


class Worker(Protocol):
    """What does the tasks; `facts` say what exactly it is, and must be the same on all actors."""

    @property
    def facts(self) -> dict[str, str]:
        """Revision, dtype, device."""
        ...


W = TypeVar("W", bound=Worker)
T = TypeVar("T")
R = TypeVar("R")


class _Host(Generic[W]):
    """An actor. The worker is made in a call, since Ray wraps what goes wrong in a constructor.

    A user's error is returned, not raised, for the same reason.
    """

    def __init__(self, make: Callable[[], W]) -> None:
        self._make = make
        self._worker: W | None = None

    def hello(self) -> dict[str, str] | Exception:
        """Facts of the worker."""
        try:
            self._worker = self._make()
        except (XsbError, OSError) as error:
            return error
        return self._worker.facts

    def work(self, function: Callable[[Any, T], R], task: T) -> R | Exception:
        try:
            return function(self._worker, task)
        except (XsbError, OSError) as error:
            return error


@dataclass
class _Actor(Generic[T]):
    """An actor as seen from here: what it was asked and has not answered, in order; `hello` until it has said so."""

    handle: Any
    hello: Any
    tasks: deque[tuple[Any, int, T]] = field(default_factory=deque)

    @property
    def awaited(self) -> Any:
        """The reference to the answer that comes next, None if nothing was asked."""
        return self.hello or (self.tasks[0][0] if self.tasks else None)


@dataclass
class _Work(Generic[T, R]):
    """Tasks that wait for an actor, what came of others and is not taken, and how many actors each task has killed."""

    function: Callable[[Any, T], R]
    called: Callable[[T], str]
    waiting: list[tuple[int, T]] = field(default_factory=list)
    done: dict[int, R | Exception] = field(default_factory=dict)
    deaths: Counter[int] = field(default_factory=Counter)


class Actors(Generic[W]):
    """Up to `most` actors with equal workers, until they are closed.

    `facts` are those of the workers, as of a model in memory.
    """

    def __init__(self, name: str, make: Callable[[], W], most: int, share: dict[str, int]) -> None:
        """Start the first actor and wait for its worker.

        Args:
            name: of the workers, for messages.
            make: makes a worker, in the actor's process; pickled.
            most: actors at once.
            share: what each asks Ray for.

        Raises:
            XsbError: as `make` does.
        """
        self.name, self.most = name, most
        self.facts: dict[str, str] = {}
        self._make, self._share = make, share
        self._actors: list[_Actor[Any]] = []
        self._stillborn = 0
        try:
            self._start()
            while self._actors[0].hello:
                self._settle(_Work[Any, Any](lambda _worker, _task: None, str), wait=True)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End all actors, whatever they are at."""
        while self._actors:
            self._kill(self._actors[-1])

    def spread(
        self, function: Callable[[W, T], R], tasks: Iterable[T], called: Callable[[T], str] = str
    ) -> Iterator[R]:
        """What `function` makes of each task with a worker, in the order of the tasks.

        Tasks are asked for as actors become free, so they may be many.

        Args:
            function: of a worker and a task; pickled, as tasks and results are.
            tasks: what is to be done; each may be done more than once, where an actor dies of it.
            called: a few words for a task, for messages.

        Raises:
            ModelError: a task has killed three actors, or actors cannot start or are not equal.
            XsbError: as `function` does.
        """
        work = _Work(function, called)
        coming, begun, taken = iter(enumerate(tasks)), 0, 0
        while True:
            while begun - taken < HELD * self.most and (new := next(coming, None)):
                work.waiting.append(new)
                begun += 1
            self._settle(work, wait=taken < begun and taken not in work.done)
            if taken in work.done:
                result = work.done.pop(taken)
                if isinstance(result, Exception):
                    raise result  # in its turn, so that what comes before it is not lost
                yield result
                taken += 1
            elif taken == begun:
                return

    def _settle(self, work: _Work[T, R], wait: bool) -> None:
        """Give actors work and take what they have done; wait for something to be done, if there is nothing yet."""
        import ray

        self._assign(work)
        awaited = {actor.awaited: actor for actor in self._actors if actor.awaited}
        ready, _ = ray.wait(list(awaited), num_returns=len(awaited), timeout=0) if awaited else ([], [])
        if not ready and wait:
            ready, _ = ray.wait(list(awaited))
        for reference in ready:
            try:
                answer = ray.get(reference)
            except ray.exceptions.RayTaskError:
                raise  # a fault of ours, with the actor's traceback
            except ray.exceptions.RayError as error:
                self._replace(awaited[reference], work, error)
                continue
            self._hear(awaited[reference], work, answer)
        self._assign(work)

    def _assign(self, work: _Work[T, R]) -> None:
        """A task for each idle actor, then more actors, then a second task for those that are at one."""
        self._queue(work, tasks=1, kept=0)
        starting = sum(actor.hello is not None for actor in self._actors)
        for _ in range(min(self.most - len(self._actors), len(work.waiting) - starting)):
            self._start()
            starting += 1
        self._queue(work, tasks=QUEUED, kept=starting)

    def _queue(self, work: _Work[T, R], tasks: int, kept: int) -> None:
        for actor in self._actors:
            if actor.hello is None and len(actor.tasks) < tasks and len(work.waiting) > kept:
                index, task = work.waiting.pop(0)
                actor.tasks.append((actor.handle.work.remote(work.function, task), index, task))

    def _start(self) -> None:
        import ray

        handle = ray.remote(_Host).options(max_restarts=0, **self._share).remote(self._make)
        self._actors.append(_Actor(handle, handle.hello.remote()))

    def _hear(self, actor: _Actor[T], work: _Work[T, R], answer: Any) -> None:
        """Keep an actor's answer."""
        if actor.hello is None:
            _, index, _ = actor.tasks.popleft()
            work.done[index] = answer
            return
        if isinstance(answer, Exception):
            raise answer
        facts = self.facts or answer
        if unlike := [f"{key} {answer.get(key)}, not {facts[key]}" for key in facts if answer.get(key) != facts[key]]:
            raise ModelError(f"an actor of {self.name} has {'; '.join(unlike)}; all machines must have the same")
        actor.hello, self.facts, self._stillborn = None, answer, 0

    def _replace(self, actor: _Actor[T], work: _Work[T, R], error: Exception) -> None:
        """End an actor that has failed, and let others do its tasks; the first of them is what it died of."""
        reason = _reason(error)
        self._kill(actor)
        if actor.hello:
            self._stillborn += 1
            if self._stillborn == DEATHS:
                raise ModelError(f"{DEATHS} actors died while loading {self.name} ({reason})")
            self._start()
            return
        _, index, task = actor.tasks[0]
        work.deaths[index] += 1
        if work.deaths[index] == DEATHS:
            actor.tasks.popleft()
            work.done[index] = ModelError(
                f"{DEATHS} actors died, one after the other, of {work.called(task)} ({reason}); if memory ran out, "
                "give fewer --actors or larger machines. What was done before is kept"
            )
        else:
            LOG.warning("an actor died (%s); another goes on with %s", reason, work.called(task))
        work.waiting = sorted([*((index, task) for _, index, task in actor.tasks), *work.waiting], key=lambda t: t[0])

    def _kill(self, actor: _Actor[Any]) -> None:
        import ray

        self._actors.remove(actor)
        ray.kill(actor.handle)


def _reason(error: Exception) -> str:
    """Why an actor died, as far as Ray knows."""
    import ray

    if isinstance(error, ray.exceptions.OutOfMemoryError):
        return "its machine ran out of memory"
    last = str(error).strip().splitlines()[-1]
    return "its process was killed or crashed" if "worker process has died" in last else shorten(last, 160)
