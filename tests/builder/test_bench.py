"""The bench's candidates are what they are said to be, its memory is the system's, and it runs."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from builder.bench.filter import memory
from builder.bench.synthetic import BROKEN, MOST, PERIOD, synthetic, synthetic_lines
from builder.cli import app
from builder.near import NEAR, near, near_duplicates
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


def test_sound_candidates_are_not_alike() -> None:
    """Neighbours, and some from the whole range."""
    numbers = sorted({*range(1500), *range(0, MOST, 509)})
    texts = [synthetic(number).prompt for number in numbers if number % PERIOD not in BROKEN]
    assert len(texts) > 2000
    assert [(i, j) for i, j, _ in near_duplicates(texts, texts, NEAR) if i != j] == []


def test_known_near_duplicates_are_alike_with_an_earlier_one() -> None:
    lines = 4000
    earlier = [synthetic(number).prompt for number in range(0, lines, PERIOD)]
    kinds = {kind: number for number, kind in BROKEN.items()}
    for number in range(kinds["near-duplicates"], lines, PERIOD):
        text = synthetic(number).prompt
        (original,) = [other for other in earlier[: number // PERIOD + 1] if text.startswith(other)]
        assert NEAR < near(text, original) < 1


def test_lines_are_the_same_on_each_call() -> None:
    assert list(synthetic_lines(200)) == list(synthetic_lines(300))[:200]
    with pytest.raises(ValueError, match="0 to 1030301 can be made"):
        next(synthetic_lines(MOST + 1))


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
