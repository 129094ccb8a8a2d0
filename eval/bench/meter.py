"""Time and memory of a piece of work."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch

T = TypeVar("T")

RESET = Path("/proc/self/clear_refs")  # "5" sets the high-water mark of resident memory to what it is now (Linux)
STATUS = Path("/proc/self/status")


def seconds(work: Callable[[], object], device: torch.device) -> float:
    """Seconds from the call until the device has done all that was launched."""
    _wait(device)
    started = time.perf_counter()
    work()
    _wait(device)
    return time.perf_counter() - started


def with_peak(work: Callable[[], T], device: torch.device) -> tuple[T, int | None]:
    """What `work` gives, and the highest memory (MB) meanwhile: allocated on a GPU, else resident in this process.

    The model is part of it. None where the system keeps no high-water mark that can be set back.
    """
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        result = work()
        return result, torch.cuda.max_memory_allocated(device) // 10**6
    try:
        RESET.write_text("5")
    except OSError:
        return work(), None
    result = work()
    mark = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
    return result, int(mark.split()[1]) * 1024 // 10**6


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
