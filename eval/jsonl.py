"""JSON Lines files that survive being killed: lines are appended whole and synced, by one process at a time.

A line that a killed process left unfinished is ignored by readers and cut off by the next one that appends.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar

from pydantic import BaseModel, ValidationError

from eval.errors import InputError

Row = TypeVar("Row", bound=BaseModel)
BLOCK = 65536


def append(file: Path, rows: Sequence[BaseModel]) -> None:
    """Add the rows, all or none of them, even beside other processes that append to the same file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a+b") as lines:
        fcntl.flock(lines, fcntl.LOCK_EX)
        _cut_unfinished(lines)
        lines.write(b"".join(row.model_dump_json().encode() + b"\n" for row in rows))
        lines.flush()
        os.fsync(lines.fileno())


def read(file: Path, row: type[Row]) -> Iterator[Row]:
    """The rows of a file, one at a time.

    Raises:
        InputError: a line is no such row; the message names file, line and field.
        OSError: the file cannot be read.
    """
    with told(file), file.open("rb") as lines:  # bytes: a text's lines would also end at U+2028 inside of a comment
        for number, line in enumerate(lines, 1):
            if not line.endswith(b"\n"):
                return
            try:
                yield row.model_validate_json(line)
            except ValidationError as error:
                wrong = error.errors()[0]
                field = ".".join(map(str, wrong["loc"])) or "the line"
                raise InputError(f"{file}:{number}: {field}: {wrong['msg']}") from error


@contextmanager
def told(file: Path) -> Iterator[None]:
    """Name the file in an error of the system's that came while it was read."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(file)
        raise


def read_if_there(file: Path, row: type[Row]) -> list[Row]:
    """The rows of a file that an earlier, perhaps killed, run may have begun."""
    return list(read(file, row)) if file.exists() else []


def rows_apart(whole: BaseModel, rows: str, row_defaults: bool = True) -> str:
    """The JSON of a model (one object, no JSON Lines) with each of its `rows` on a line, so that diffs show rows.

    Args:
        whole: the model.
        rows: the field with the rows, which are models too; it comes last.
        row_defaults: whether fields of rows that have their defaults are written.
    """
    head = whole.model_dump_json(exclude={rows})
    lines = ",\n".join(row.model_dump_json(exclude_defaults=not row_defaults) for row in getattr(whole, rows))
    return f'{head[:-1]},"{rows}":[\n{lines}\n]}}\n'


def _cut_unfinished(lines: BinaryIO) -> None:
    end = lines.seek(0, os.SEEK_END)
    at = end
    while at:
        begin = max(0, at - BLOCK)
        lines.seek(begin)
        found = lines.read(at - begin).rfind(b"\n")
        if found >= 0:
            at = begin + found + 1
            break
        at = begin
    if at < end:
        lines.truncate(at)
