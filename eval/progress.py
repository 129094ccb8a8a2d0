"""Progress bars for everything that takes longer than two seconds; they write to stderr, in a notebook too."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column
from rich.text import Text

T = TypeVar("T")
LABEL = TextColumn("{task.description:<28}", markup=False)


def track(items: Iterable[T], what: str, total: int | None = None) -> Iterator[T]:
    """Yield `items` while a bar shows how many of them are done."""
    columns = (LABEL, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True, force_jupyter=False)) as bar:
        yield from bar.track(items, total=total, description=what)


class RateColumn(ProgressColumn):
    """How many are done per second, lately."""

    def render(self, task: Task) -> Text:
        """Nothing until it is known."""
        return Text(f"{task.speed:.3g}/s" if task.speed else "", style="progress.data.speed")


@contextmanager
def counting(
    what: str, total: int, done: int, counts: str, console: Console | None = None
) -> Iterator[Callable[[int, str], None]]:
    """Show a bar with rate, time left and what was counted; call what it gives with how many more, and the counts.

    Args:
        what: is done.
        total: how many there are.
        done: how many of them an earlier run has done, which are in no rate.
        counts: of those.
        console: stderr by default.
    """
    whole = Column(no_wrap=True)  # where it is narrow, the bar gives way
    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(12), MofNCompleteColumn(table_column=whole),
        RateColumn(whole), TimeRemainingColumn(compact=True, table_column=whole),
        TextColumn("{task.fields[counts]}", markup=False),
    )  # fmt: skip
    with Progress(*columns, console=console or Console(stderr=True, force_jupyter=False)) as bar:
        task = bar.add_task(what, total=total, completed=done, counts=counts)
        yield lambda count, told: bar.update(task, advance=count, counts=told)


@contextmanager
def working(what: str) -> Iterator[Callable[[str], None]]:
    """Show a moving bar and the time for work whose length is unknown; call what it gives to name the next step."""
    columns = (LABEL, BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True, force_jupyter=False), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda step: bar.update(task, description=step)
