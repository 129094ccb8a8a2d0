"""Lines that survive being killed: by a real kill, beside real other processes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pydantic import BaseModel

from eval.errors import InputError
from eval.jsonl import append, read, read_if_there

WRITER = """
import sys
from pathlib import Path
from eval.jsonl import append
from tests.eval.test_jsonl import Row
for n in range(int(sys.argv[3])):
    append(Path(sys.argv[1]), [Row(by=sys.argv[2], n=n, text="x" * 5000), Row(by=sys.argv[2], n=n, text="second")])
"""


class Row(BaseModel):
    by: str
    n: int
    text: str = ""


def start(file: Path, name: str, times: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", WRITER, str(file), name, str(times)])


def test_rows_come_back_as_they_went(tmp_path: Path) -> None:
    file, rows = tmp_path / "deep" / "rows.jsonl", [Row(by="a", n=1, text="line\u2028end\n"), Row(by="b", n=2)]
    append(file, rows)
    append(file, [])
    assert list(read(file, Row)) == rows
    assert read_if_there(tmp_path / "none.jsonl", Row) == []


def test_two_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    for process in [start(file, "a", 40), start(file, "b", 40)]:
        assert process.wait() == 0
    found = [(row.by, row.n) for row in read(file, Row)]
    assert len(found) == 160
    for name in "ab":
        assert [n for by, n in found if by == name] == [n for n in range(40) for _ in range(2)]
    assert all(found[i] == found[i + 1] for i in range(0, 160, 2)), "rows of one call stand together"


def test_a_killed_process_leaves_whole_lines(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    process = start(file, "a", 100_000)
    while not file.exists() or file.stat().st_size < 50_000:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = list(read(file, Row))
    append(file, [Row(by="b", n=0)])
    assert list(read(file, Row)) == [*before, Row(by="b", n=0)]


@pytest.mark.parametrize("torn", [b'{"by": "a", "n"', b"{" + b"x" * 200_000, b"\xff\xfe"])
def test_an_unfinished_line_is_ignored_and_cut_off(tmp_path: Path, torn: bytes) -> None:
    file = tmp_path / "rows.jsonl"
    append(file, [Row(by="a", n=1)])
    whole = file.read_bytes()
    file.write_bytes(whole + torn)
    assert [row.n for row in read(file, Row)] == [1]
    append(file, [Row(by="a", n=2)])
    assert file.read_bytes().startswith(whole)
    assert [row.n for row in read(file, Row)] == [1, 2]


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_bytes(b'{"by": "a", "n": 1}\n{"by": "a"}\n')
    with pytest.raises(InputError, match=r"rows.jsonl:2: n: Field required"):
        list(read(file, Row))
