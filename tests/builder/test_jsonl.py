"""Files that are replaced whole or not at all, and read in parts."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from builder.jsonl import chunks, write
from eval.jsonl import read


class Row(BaseModel):
    by: str
    n: int


def test_writing_replaces_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    write(file, [Row(by="a", n=1)])

    def failing() -> "object":
        yield Row(by="a", n=2)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(file, failing())  # type: ignore[arg-type]
    assert [row.n for row in read(file, Row)] == [1]
    assert list(tmp_path.iterdir()) == [file]


def test_chunks_hold_everything_once() -> None:
    rows = [Row(by="a", n=n) for n in range(7)]
    assert [[row.n for row in chunk] for chunk in chunks(rows, 3)] == [[0, 1, 2], [3, 4, 5], [6]]
