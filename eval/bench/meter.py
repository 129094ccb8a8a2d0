"""Time and memory of a piece of work."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import torch

T = TypeVar("T")

RESET = Path("/proc/self/clear_refs")  # "5" sets the high-water mark of resident memory to what it is now (Linux)
STATUS = Path("/proc/self/status")


class Metered(NamedTuple, Generic[T]):
    """What a piece of work gave, the seconds until its device had done it, and the highest memory meanwhile.

    `peak_mb` is what is allocated on a GPU, else what is resident in this process: the model is part of it, and so is
    what the allocator has kept of earlier work. None where the system's high-water mark cannot be set back.
    """

    result: T
    seconds: float
    peak_mb: int | None


def metered(work: Callable[[], T], device: torch.device) -> Metered[T]:
    """Do it, with the meters on."""
    watched = _watch(device)
    started = time.perf_counter()
    result = work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return Metered(result, time.perf_counter() - started, _peak(device) // 10**6 if watched else None)


def _watch(device: torch.device) -> bool:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
        return True
    try:
        RESET.write_text("5")
    except OSError:
        return False
    return True


def _peak(device: torch.device) -> int:
    """Bytes."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    mark = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(mark.split()[1]) * 1024
