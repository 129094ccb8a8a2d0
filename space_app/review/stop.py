"""What is done before the process ends."""

import os
import signal
from collections.abc import Callable
from types import FrameType


def before_end(finish: Callable[[], None]) -> None:
    """Call `finish` once, before what SIGTERM and SIGINT do otherwise; a second signal does that at once.

    A Space is stopped with SIGTERM, which runs no `atexit` and no `finally`. To be called in the main thread.
    """
    others = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def stop(number: int, _: FrameType | None) -> None:
        for one, handler in others.items():
            signal.signal(one, handler)
        finish()
        os.kill(os.getpid(), number)

    for number in others:
        signal.signal(number, stop)
