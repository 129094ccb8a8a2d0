"""The bench of the filters runs, and its memory is the system's."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from builder.bench.filter import memory
from builder.bench.synthetic import MOST
from builder.cli import app
from eval.errors import InputError

MIB = 100
SHARED = f"""
import os
data = bytearray(os.urandom(1 << 20)) * {MIB}
if os.fork() == 0:
    data[0:{MIB // 2} << 20] = bytes({MIB // 2} << 20)  # half of it is the child's own from now on
    print("ready", flush=True)
os.read(0, 1)
"""


@pytest.fixture
def parent_and_child() -> Iterator[int]:
    """The id of a process that shares memory with a child."""
    process = subprocess.Popen([sys.executable, "-c", SHARED], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin and process.stdout and process.stdout.readline() == b"ready\n"
    yield process.pid
    process.communicate(b"go")


def test_memory_of_a_process_and_its_child(parent_and_child: int) -> None:
    """Shared memory counts once, what was written to twice."""
    assert 1.5 * MIB < memory(parent_and_child) < 1.5 * MIB + 40


def test_memory_of_a_process_that_has_ended() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert memory(ended.pid) == 0 and memory(os.getpid()) > 10


def test_bench_of_the_filters() -> None:
    result = CliRunner().invoke(app, ["bench", "filter", "--sizes", "60,40", "--repeats", "1"])
    assert result.exception is None
    rows = [line.split("│")[1:-1] for line in result.stdout.splitlines() if line.startswith("│")]
    assert [(row[1].strip(), row[-1].strip()) for row in rows] == [("60", "42"), ("40", "28")]
    for dropped, _, seconds, speed, cpu, _, peak, _ in rows:
        assert "schema" in dropped and float(seconds) > 0 and float(cpu) > 0 and float(speed) > 0
        assert 50 < float(peak) < 1024


@pytest.mark.parametrize("sizes", ["", "ten", "10,0", "10,,20", str(MOST + 1)])
def test_sizes_that_are_none(sizes: str) -> None:
    result = CliRunner().invoke(app, ["bench", "filter", "--sizes", sizes])
    assert isinstance(result.exception, InputError) and f"--sizes is {sizes!r}; write numbers from 1" in str(
        result.exception
    )
