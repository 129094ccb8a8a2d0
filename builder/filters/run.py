"""Runs the filters over a file of candidates: every line goes to the kept ones or, with the reason, to the rejects.

A run replaces both files whole at its end; a killed one leaves them as they were. One process decides on
near-duplicates, since whether a candidate stays depends on those before it.
"""

from collections import Counter
from collections.abc import Iterator
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from builder.candidate import Candidate
from builder.filters import DUPLICATES, FILTERS, SCHEMA, Settings
from builder.filters.duplicates import originals
from builder.filters.files import lines, working_folder
from builder.filters.minhash import BANDS, VALUES, Signature
from builder.filters.reject import Reject
from builder.filters.sieve import sift
from builder.near import near
from builder.replacing import replacing
from eval.errors import InputError
from eval.progress import working

Number = TypeVar("Number", np.uint32, np.uint64)


class Counts(NamedTuple):
    """How many lines were kept, and how many each filter dropped, in the order of the filters."""

    kept: int
    dropped: dict[str, int]


def run(file: Path, out: Path, rejects: Path, settings: Settings) -> Counts:
    """Filter the candidates of `file` into `out` and `rejects`, in their order.

    Raises:
        InputError: two of the files are the same, one is a folder, or another run writes `out`.
        UnknownName: the language is not known.
        OSError: a file cannot be read or written.
    """
    if len({path.resolve() for path in (file, out, rejects)}) < 3:
        raise InputError(f"{file}, {out} and {rejects} must differ; choose other files for --out and --rejects")
    with file.open("rb") as source:
        size = source.seek(0, SEEK_END)  # what is appended from now on is left for another run
    for path in (out, rejects):
        if path.is_dir():
            raise InputError(f"{path} is a folder; give the name of a file")
        path.parent.mkdir(parents=True, exist_ok=True)
    with working_folder(out) as folder:
        verdicts = sift(file, size, settings, folder)
        with working("near-duplicates"), replacing(out) as kept, replacing(rejects) as rejected:
            return _write((kept, rejected), lines(file, 0, size), verdicts)


def _originals(verdicts: pa.Table) -> NDArray[np.int32]:
    """For each row another one, kept, of which it is a near-duplicate, or -1."""
    passed = np.flatnonzero(pc.equal(verdicts["dropped"], "").to_numpy()).astype(np.int32)
    keys = _matrix(verdicts["keys"], np.empty((len(passed), BANDS), dtype=np.uint32))
    bits = _matrix(verdicts["bits"], np.empty((len(passed), VALUES // 64), dtype=np.uint64))
    text = verdicts["text"]
    found = originals(Signature(keys, bits), lambda at: str(text[int(passed[at])].as_py()))
    original = np.full(verdicts.num_rows, -1, dtype=np.int32)
    original[passed] = np.where(found >= 0, passed[found], -1)
    return original


def _matrix(column: pa.ChunkedArray, into: NDArray[Number]) -> NDArray[Number]:
    """Fill a matrix with the bytes of a column, row by row; empty cells have no row."""
    filled = 0
    for chunk in column.chunks:
        rows = np.frombuffer(b"".join(chunk.to_pylist()), dtype=into.dtype).reshape(-1, into.shape[1])
        into[filled : filled + len(rows)] = rows
        filled += len(rows)
    return into


def _write(into: tuple[BinaryIO, BinaryIO], source: Iterator[bytes], verdicts: pa.Table) -> Counts:
    """Write every line to the first file, or its row to the second one."""
    kept, rejected = into
    dropped, original = Counter[str](), _originals(verdicts)
    for at, (line, (name, row)) in enumerate(zip(source, _rejects(verdicts), strict=True)):
        if original[at] >= 0:
            name, row = DUPLICATES, _duplicate(line, verdicts, at, int(original[at]))
        (rejected if name else kept).write(f"{row}\n".encode() if name else line)
        dropped[name] += 1
    return Counts(dropped[""], {name: dropped[name] for name in (SCHEMA, *FILTERS, DUPLICATES)})


def _rejects(verdicts: pa.Table) -> Iterator[tuple[str, str]]:
    """The filter that dropped each line and the row for the rejects, both empty if none did."""
    for batch in verdicts.select(["dropped", "reject"]).to_batches():
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _duplicate(line: bytes, verdicts: pa.Table, at: int, other: int) -> str:
    """The row for a near-duplicate of another line's candidate."""
    one, two = (verdicts["text"][i].as_py() for i in (at, other))
    reason = f"{near(one, two):.2f} alike with {verdicts['id'][other].as_py()}"
    return Reject(filter=DUPLICATES, reason=reason, candidate=Candidate.model_validate_json(line)).row()
