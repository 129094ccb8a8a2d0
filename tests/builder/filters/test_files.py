"""Files in blocks, and the folder that one run works in."""

import subprocess
import sys
from pathlib import Path

import pytest

from builder.filters.files import lines, working_folder
from builder.shipped import RECORDS


@pytest.mark.parametrize("text", [b"", b"\n", b"a", b"a\n", b"\n\nab\r\n\xe2\x80\xa8c\n" + b"d" * 40 + b"\ne"])
def test_blocks_give_each_line_once(tmp_path: Path, text: bytes) -> None:
    file = tmp_path / "x"
    file.write_bytes(text)
    expected = [line + b"\n" for line in text.removesuffix(b"\n").split(b"\n")] if text else []
    assert list(lines(file)) == expected
    for size in (1, 2, 3, 7, 100):
        starts = range(0, len(text), size)
        assert [line for start in starts for line in lines(file, start, start + size)] == expected


SECOND = """
import sys
from pathlib import Path
from builder.filters.files import working_folder
with working_folder(Path(sys.argv[1])):
    print("mine")
"""


def test_a_working_folder_belongs_to_one_run(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    command = [sys.executable, "-c", SECOND, str(out)]
    with working_folder(out) as folder:
        (folder / "verdicts.arrow").write_text("half")
        second = subprocess.run(command, cwd=RECORDS.parents[1], capture_output=True, text=True, check=False)
        assert f"InputError: another run writes {out}; wait for it" in second.stderr
        assert (folder / "verdicts.arrow").exists()
    assert list(tmp_path.iterdir()) == []
    assert subprocess.run(command, cwd=RECORDS.parents[1], check=True, capture_output=True).stdout == b"mine\n"


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    left = tmp_path / ".out.jsonl.working"
    left.mkdir()
    (left / "tmpabc").write_text("half")
    with working_folder(tmp_path / "out.jsonl") as folder:
        assert [file.name for file in folder.iterdir()] == ["lock"]
