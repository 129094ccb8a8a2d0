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
    """How many are done per second since the bar began: rich's own rate means nothing where many come at once."""

    def render(self, task: Task) -> Text:
        """Nothing until it is known."""
        rate = _rate(task)
        return Text(f"{rate:.3g}/s" if rate else "", style="progress.data.speed")


class LeftColumn(ProgressColumn):
    """The time that is left at this rate."""

    def render(self, task: Task) -> Text:
        """Hours, minutes and seconds."""
        rate = _rate(task)
        if not rate or task.remaining is None:
            return Text("--:--", style="progress.remaining")
        minutes, seconds = divmod(int(task.remaining / rate), 60)
        hours, minutes = divmod(minutes, 60)
        clock = f"{minutes:02}:{seconds:02}"
        return Text(f"{hours}:{clock}" if hours else clock, style="progress.remaining")


def _rate(task: Task) -> float:
    """Per second; 0 until something is done. `before` is what was done before the bar began."""
    return (task.completed - task.fields["before"]) / task.elapsed if task.elapsed else 0.0


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
        RateColumn(whole), LeftColumn(whole),
        TextColumn("{task.fields[counts]}", markup=False),
    )  # fmt: skip
    with Progress(*columns, console=console or Console(stderr=True, force_jupyter=False)) as bar:
        task = bar.add_task(what, total=total, completed=done, before=done, counts=counts)
        yield lambda count, told: bar.update(task, advance=count, counts=told)


@contextmanager
def working(what: str) -> Iterator[Callable[[str], None]]:
    """Show a moving bar and the time for work whose length is unknown; call what it gives to name the next step."""
    columns = (LABEL, BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True, force_jupyter=False), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda step: bar.update(task, description=step)
