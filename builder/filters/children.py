"""Child processes that end with their parent, however that ends; on Linux, elsewhere nothing is changed.

Workers of a pool otherwise wait for ever for a parent that was killed.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

PR_SET_PDEATHSIG = 1
parents: list[int] = []  # the process that is in `children_end_with_us`


@contextmanager
def children_end_with_us() -> Iterator[None]:
    """Processes that are forked meanwhile are killed when this one ends."""
    parents.append(os.getpid())
    try:
        yield
    finally:
        parents.pop()


def _end_with_parent() -> None:
    if parents and sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parents[-1]:  # it ended before the call
            os.kill(os.getpid(), signal.SIGKILL)
    parents.clear()


os.register_at_fork(after_in_child=_end_with_parent)
