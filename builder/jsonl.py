"""JSON Lines files of builder's: replaced whole, and read in parts; `eval.jsonl` appends and reads."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from builder.replacing import replacing

Row = TypeVar("Row", bound=BaseModel)


def write(file: Path, rows: Iterable[BaseModel]) -> None:
    """Replace the file by the rows, in one step at the end: until then, and when killed, it stays as it was."""
    with replacing(file) as lines:
        for row in rows:
            lines.write(row.model_dump_json().encode() + b"\n")


def chunks(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    """The rows in lists of `size`, the last one shorter."""
    rest = iter(rows)
    while chunk := list(islice(rest, size)):
        yield chunk
