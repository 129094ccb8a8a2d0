"""What the gateway costs an ordinary request: beside the endpoint itself, asked in turns in one run.

Every server is a process of its own, as in use. The endpoints are one on loopback that answers at once, where nothing
hides the gateway's own time, and a real model: skittish, or the endpoint that is named. The overhead is the median of
the differences of neighbours, one asked directly and one through the gateway; which of them comes first alternates.
"""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from statistics import median, quantiles
from typing import Any

import httpx
from pydantic import BaseModel
from rich.box import MARKDOWN
from rich.table import Table

from eval.errors import ModelError
from eval.models.protocol import ENDPOINT
from eval.progress import track

PROMPT = "What is the capital of France?"
FAST, REAL = 300, 40  # pairs of requests
QUICK_FAST, QUICK_REAL = 60, 8
TOKENS = 16
START = 180  # seconds that a server may take to start
WARM = 5  # requests that do not count


class Overhead(BaseModel):
    """Of one endpoint; milliseconds. `overhead` is the median of differences, `low` and `high` their quartiles."""

    endpoint: str
    stream: bool
    pairs: int
    direct: float
    through: float
    overhead: float
    low: float
    high: float


def bench(model: str = "skittish", base_url: str | None = None, quick: bool = False) -> list[Overhead]:
    """Measure the loopback endpoint and a real one, whole answers and streams.

    Args:
        model: of the real endpoint: `openai:NAME`, or one that is served here.
        base_url: its address; without one the model is served by a process of its own.
        quick: fewer requests.

    Raises:
        ModelError: a server does not start, or an answer is none.
    """
    fast, real = (QUICK_FAST, QUICK_REAL) if quick else (FAST, REAL)
    found = []
    with ExitStack() as stack:
        loopback = stack.enter_context(_server(["-m", "eval.bench.loopback"]))
        found += _both(stack, "loopback", "fixed", loopback, fast)
        if base_url is None:
            base_url = stack.enter_context(_server(_serving("--model", model)))
        name = model.removeprefix(ENDPOINT)
        found += _both(stack, name, name, base_url, real)
    return found


def _both(stack: ExitStack, told: str, name: str, url: str, pairs: int) -> list[Overhead]:
    """Whole answers and streams of one endpoint, with a gateway of its own."""
    through = stack.enter_context(_server(_serving("--model", f"openai:{name}", "--base-url", url)))
    return [measured(told, name, (url, through), pairs, stream) for stream in (False, True)]


def _serving(*options: str) -> list[str]:
    return ["-c", "from eval.cli import main; main()", "serve", *options, "--port"]


@contextmanager
def _server(command: Sequence[str]) -> Iterator[str]:
    """A process that gets a free port as its last argument; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, *command, str(port)], stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + START
        while not _answers(f"http://127.0.0.1:{port}/health"):
            if process.poll() is not None or time.monotonic() > end:
                raise ModelError(f"a server of the bench did not start: {' '.join(command)}")
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def measured(told: str, name: str, urls: tuple[str, str], pairs: int, stream: bool) -> Overhead:
    """Ask both addresses, the endpoint's and the gateway's, in turns.

    Raises:
        ModelError: an answer is no ordinary one.
    """
    body = {
        "model": name, "messages": [{"role": "user", "content": PROMPT}], "max_tokens": TOKENS, "stream": stream,
    }  # fmt: skip
    seconds: tuple[list[float], list[float]] = ([], [])
    with httpx.Client(timeout=120, limits=httpx.Limits(keepalive_expiry=2)) as client:
        for at in track(range(-WARM, pairs), f"{told}, {'streams' if stream else 'whole'}"):
            for which in (0, 1) if at % 2 else (1, 0):
                taken = _timed(client, urls[which], body)
                if at >= 0:
                    seconds[which].append(1000 * taken)
    differences = [through - direct for direct, through in zip(*seconds, strict=True)]
    low, _, high = quantiles(differences, n=4)
    return Overhead(
        endpoint=told, stream=stream, pairs=pairs, direct=round(median(seconds[0]), 2),
        through=round(median(seconds[1]), 2), overhead=round(median(differences), 2), low=round(low, 2),
        high=round(high, 2),
    )  # fmt: skip


def _timed(client: httpx.Client, url: str, body: dict[str, Any]) -> float:
    """Seconds until the whole answer is there."""
    started = time.perf_counter()
    try:
        response = client.post(f"{url}/chat/completions", json=body)
    except httpx.HTTPError as error:
        raise ModelError(f"{url} does not answer ({error})") from error
    taken = time.perf_counter() - started
    if response.status_code != 200 or response.headers.get("x-xsb", "passed") != "passed":
        raise ModelError(
            f"{url} answered {response.status_code} {response.headers.get('x-xsb', '')}: no ordinary answer"
        )
    return taken


def gateway_table(found: Sequence[Overhead]) -> Table:
    """One line for each endpoint and kind of answer."""
    table = Table("endpoint", "answers", "pairs", "direct ms", "through ms", "overhead ms", "quartiles", box=MARKDOWN)
    for one in found:
        kind = "streamed" if one.stream else "whole"
        cells = (one.pairs, one.direct, one.through, one.overhead, f"{one.low} to {one.high}")
        table.add_row(one.endpoint, kind, *map(str, cells))
    return table
