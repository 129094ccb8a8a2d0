"""The rate of a bar, and the time that is left."""

from typing import Any

import pytest
from rich.progress import Task, TaskID

from eval.progress import LeftColumn, RateColumn


def task(completed: float, now: float, **changes: Any) -> Task:
    """Of 192 things, 12 of them done before it began at second 100."""
    given: dict[str, Any] = {"total": 192, "fields": {"before": 12}} | changes
    found = Task(TaskID(0), "evaluating", completed=completed, _get_time=lambda: now, **given)
    found.start_time = 100.0
    return found


@pytest.mark.parametrize(
    ("at", "rate", "left"),
    [
        (task(12, 160.0), "", "--:--"),
        (task(72, 160.0), "1/s", "02:00"),
        (task(18, 160.0), "0.1/s", "29:00"),
        (task(13, 160.0), "0.0167/s", "2:59:00"),
        (task(192, 160.0), "3/s", "00:00"),
        (task(72, 160.0, total=None), "1/s", "--:--"),
    ],
)
def test_rate_and_time_left_are_those_since_it_began(at: Task, rate: str, left: str) -> None:
    """However few updates tell them: a chunk of a cluster comes whole."""
    assert (RateColumn().render(at).plain, LeftColumn().render(at).plain) == (rate, left)
