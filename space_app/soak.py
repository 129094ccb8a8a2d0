"""Many visitors at once before a real page: every question is answered, and the server's memory stays within bounds.

python -m space_app.soak [CLIENTS] [PROMPTS]; each client asks for the answer, the attribution and the mitigations of so
many prompts of its own, one after the other, as fast as the page answers.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from threading import Event, Thread
from typing import Any, NamedTuple

import httpx
import psutil
import yaml
from gradio_client import Client
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from eval.bench.prompts import ALONE

CLIENTS, PROMPTS = 20, 5
ASKED = ("answer", "attribute", "mitigate")
START = 180  # seconds that the page may take to start
SAMPLE = 0.1  # seconds between two looks at the server's memory


class Soaked(NamedTuple):
    """Seconds of each kind of question, the errors, seconds in all, and the megabytes of the server."""

    seconds: dict[str, list[float]]
    errors: list[str]
    wall: float
    idle_mb: int
    peak_mb: int
    end_mb: int


class Server(NamedTuple):
    """A page that is served, and its process."""

    url: str
    process: psutil.Process


def soak(clients: int, prompts: int, settings: Mapping[str, Any], log: Path) -> Soaked:
    """Serve the Try tab and let so many clients ask it.

    Args:
        clients: at once.
        prompts: of each.
        settings: of the page, but for the limit on how often a visitor may ask: all clients come from here.
        log: a file for what the server says.

    Raises:
        RuntimeError: the page does not start.
    """
    with _served(settings, log) as server, _memory(server.process) as sizes:
        idle = sizes[-1]
        started = time.perf_counter()
        with ThreadPoolExecutor(clients) as pool:
            told = [pool.submit(_visit, server.url, client, prompts) for client in range(clients)]
            visits = [one.result() for one in told]
        wall = time.perf_counter() - started
        end = _megabytes(server.process)
    seconds = {name: [taken for visit in visits for taken in visit[0][name]] for name in ASKED}
    errors = [error for visit in visits for error in visit[1]]
    return Soaked(seconds, errors, wall, idle, max(*sizes, end), end)


def _visit(url: str, client: int, prompts: int) -> tuple[dict[str, list[float]], list[str]]:
    """One client's questions: seconds of each, and what went wrong."""
    seconds: dict[str, list[float]] = {name: [] for name in ASKED}
    doing = "opening the page"
    try:
        page = Client(url, verbose=False, analytics_enabled=False)
        for number in range(client * prompts, (client + 1) * prompts):
            prompt = f"Question {number + 1}: {ALONE[number % len(ALONE)]}"  # no two are the same, so none is known
            for doing in ASKED:
                started = time.perf_counter()
                page.predict(prompt, api_name=f"/{doing}")
                seconds[doing].append(time.perf_counter() - started)
    except Exception as error:  # whatever it is, it is what a visitor would have met
        return seconds, [f"client {client}, {doing}: {type(error).__name__} {' '.join(str(error).split())[:300]}"]
    return seconds, []


@contextmanager
def _served(settings: Mapping[str, Any], log: Path) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = log.with_suffix(".yaml")
    config.write_text(yaml.safe_dump({**settings, "limits": {"per_minute": 10**6, "at_once": 10**3}}), encoding="utf-8")
    command = [
        sys.executable, "-c", "from space_app.cli import main; main()", "--port", str(port), "--only", "try",
        "--config", str(config),
    ]  # fmt: skip
    with log.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, env=os.environ)
    try:
        url, end = f"http://127.0.0.1:{port}", time.monotonic() + START
        while not _answers(url):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the page did not start: {log.read_text(encoding='utf-8')[-2000:]}")
            time.sleep(0.2)
        yield Server(url, psutil.Process(process.pid))
    finally:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def _memory(process: psutil.Process) -> Iterator[list[int]]:
    """Megabytes that the process holds, seen again and again while open."""
    sizes, over = [_megabytes(process)], Event()

    def look() -> None:
        while not over.wait(SAMPLE):
            sizes.append(_megabytes(process))

    thread = Thread(target=look)
    thread.start()
    try:
        yield sizes
    finally:
        over.set()
        thread.join()


def _megabytes(process: psutil.Process) -> int:
    return int(process.memory_info().rss) // 10**6


def table(found: Soaked) -> Table:
    """A line for each kind of question."""
    asked = sum(map(len, found.seconds.values()))
    told = Table(
        "question", "answered", "median s", "95 % s", "longest s", box=MARKDOWN,
        title=f"{asked} questions in {found.wall:.0f} s, {len(found.errors)} errors; the server's memory: "
        f"{found.idle_mb} MB idle, {found.peak_mb} MB at most, {found.end_mb} MB at the end",
    )  # fmt: skip
    for name, seconds in found.seconds.items():
        times = sorted(seconds) or [float("nan")]
        most = times[min(len(times) - 1, int(0.95 * len(times)))]
        told.add_row(name, str(len(seconds)), f"{median(times):.1f}", f"{most:.1f}", f"{times[-1]:.1f}")
    return told


def main(clients: int, prompts: int) -> int:
    """0 if every question was answered."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = soak(clients, prompts, {}, Path(folder) / "log")
        except RuntimeError as error:
            print(error)
            return 1
    Console(width=130).print(table(found))
    for line in found.errors:
        print(line)
    return 1 if found.errors else 0


if __name__ == "__main__":
    given = [int(told) for told in sys.argv[1:3]]
    sys.exit(main(*given, *(CLIENTS, PROMPTS)[len(given) :]))
