"""What is done before the process ends."""

import signal
from collections.abc import Callable
from types import FrameType


def before_end(finish: Callable[[], None]) -> None:
    """Call `finish` once when SIGTERM or SIGINT comes, then end as with Ctrl-C; a second signal does that at once.

    A Space is stopped with SIGTERM, which otherwise runs no `atexit` and no `finally`. To be called in the main thread.
    """
    found = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    others = {number: other if callable(other) else signal.default_int_handler for number, other in found.items()}

    def stop(number: int, frame: FrameType | None) -> None:
        for one, other in others.items():
            signal.signal(one, other)
        finish()
        others[signal.Signals(number)](number, frame)

    for number in others:
        signal.signal(number, stop)
