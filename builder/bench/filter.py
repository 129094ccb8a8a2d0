"""How long the command `filter` takes on synthetic candidates and how much memory, from its start to its end.

Memory is the proportional set size of the command and of all processes under it, by Linux's count: what processes
share, and what is mapped from files, is counted once. It is looked up ten times a second, so a shorter peak is missed.
"""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

from builder.bench.synthetic import synthetic_lines
from builder.filters import DUPLICATES, FILTERS, SCHEMA
from builder.filters.reject import Reject
from eval.errors import InputError
from eval.jsonl import read

PAUSE = 0.1  # seconds
PROCESSES = Path("/proc")


class Figures(NamedTuple):
    """Medians over the runs of one size, the highest memory of them, and what became of the candidates.

    `cpu_seconds` are those of all processes together; unlike `seconds` they hardly change when the machine is busy.
    """

    candidates: int
    seconds: float
    cpu_seconds: float
    peak_mib: float
    kept: int
    dropped: dict[str, int]


def measure(sizes: Sequence[int], repeats: int) -> list[Figures]:
    """The figures for each size.

    Raises:
        InputError: the system does not count the memory of processes.
    """
    if not (PROCESSES / "self/smaps_rollup").exists():
        raise InputError(f"{PROCESSES}/self/smaps_rollup is not there; measure on Linux")
    with TemporaryDirectory(prefix="xsb-bench-") as folder:
        return [_figures(size, repeats, Path(folder)) for size in sizes]


def _figures(size: int, repeats: int, folder: Path) -> Figures:
    file, out, rejects = (folder / name for name in ("in.jsonl", "out.jsonl", "out.rejects.jsonl"))
    with file.open("wb") as lines:
        lines.writelines(synthetic_lines(size))
    runs = [_run(file, out) for _ in range(repeats)]
    dropped = Counter(row.filter for row in read(rejects, Reject))
    return Figures(
        size,
        median(seconds for seconds, _, _ in runs),
        median(cpu for _, cpu, _ in runs),
        max(peak for _, _, peak in runs),
        size - dropped.total(),
        {name: dropped[name] for name in (SCHEMA, *FILTERS, DUPLICATES)},
    )


def _run(file: Path, out: Path) -> tuple[float, float, float]:
    """Seconds, CPU seconds and peak memory in MiB of one run of the command."""
    command = [sys.executable, "-m", "builder.cli", "filter", str(file), "--out", str(out)]
    begin, used, peak = time.monotonic(), _cpu_seconds(), 0.0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, memory(process.pid))
            time.sleep(PAUSE)
    if process.returncode:
        raise InputError(f"`{' '.join(command)}` ended with code {process.returncode}; see its message")
    return time.monotonic() - begin, _cpu_seconds() - used, peak


def _cpu_seconds() -> float:
    """What all processes that this one has waited for have taken, and those that they have waited for."""
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def memory(process: int) -> float:
    """Proportional set size in MiB of a process and of all under it, those left out that have just ended."""
    try:
        tasks = list((PROCESSES / str(process) / "task").iterdir())
        children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
        rows = (PROCESSES / str(process) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    own = sum(int(row.split()[1]) for row in rows if row.startswith("Pss:")) / 1024
    return own + sum(memory(child) for child in children)
