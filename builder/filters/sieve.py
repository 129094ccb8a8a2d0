"""The filters that look at one candidate at a time, over all lines of a file and on all cores, with `datasets`.

The result lies in Arrow files that are mapped, not loaded. Near-duplicates are not looked for here.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from datasets import Dataset, Features, Value

from builder.filters import FILTERS, SCHEMA, Settings
from builder.filters.children import children_end_with_us
from builder.filters.files import lines
from builder.filters.language import checked_language
from builder.filters.minhash import signature
from builder.filters.reject import Reject
from builder.filters.schema import parsed

BLOCK = 1 << 18  # bytes that a worker reads at a time
WORKERS = min(8, os.cpu_count() or 1)


class Verdict(NamedTuple):
    """What became of a line: the filter that dropped it and the row for the rejects, both empty if none did.

    `id`, `text` (the last turn) and the bytes of its signature, `keys` and `bits`, are those of a kept candidate.
    """

    dropped: str = ""
    reject: str = ""
    id: str = ""
    text: str = ""
    keys: bytes = b""
    bits: bytes = b""


FEATURES = Features(
    {name: Value("binary" if kind is bytes else "string") for name, kind in Verdict.__annotations__.items()}
)


class Sieve:
    """All filters in a row, made once in each process that needs them."""

    def __init__(self, file: Path, size: int, settings: Settings) -> None:
        """Filters with these settings for the lines that begin in the first `size` bytes of a file."""
        self.file, self.size = file, size
        self.filters = {name: make(settings) for name, make in FILTERS.items()}

    def __call__(self, blocks: dict[str, list[int]]) -> dict[str, list[str] | list[bytes]]:
        """The verdicts on the lines that begin in the blocks, by column."""
        verdicts = [self.judge(line) for at in blocks["start"] for line in self._lines(at)]
        return {name: [getattr(verdict, name) for verdict in verdicts] for name in Verdict._fields}

    def judge(self, line: bytes) -> Verdict:
        """What the first filter that drops the line says, or what is needed to compare it with the others."""
        candidate = parsed(line)
        if isinstance(candidate, str):
            text = line.removesuffix(b"\n").decode("utf-8", "backslashreplace")
            return Verdict(SCHEMA, Reject(filter=SCHEMA, reason=candidate, line=text).row())
        for name, drops in self.filters.items():
            if reason := drops(candidate):
                return Verdict(name, Reject(filter=name, reason=reason, candidate=candidate).row())
        keys, bits = signature(candidate.prompt)
        return Verdict("", "", candidate.id, candidate.prompt, keys.tobytes(), bits.tobytes())

    def _lines(self, start: int) -> Iterator[bytes]:
        return lines(self.file, start, min(start + BLOCK, self.size))


def sift(file: Path, size: int, settings: Settings, folder: Path) -> pa.Table:
    """A row per line that begins in the first `size` bytes, with the columns of a `Verdict`; it lies in `folder`.

    Raises:
        UnknownName: the language is not known.
        OSError: the file cannot be read.
    """
    checked_language(settings.language)  # also loads the model that the workers share
    starts = list(range(0, size, BLOCK))
    if not starts:
        return FEATURES.arrow_schema.empty_table()
    workers = min(WORKERS, len(starts))
    with children_end_with_us():
        verdicts = Dataset.from_dict({"start": starts}).map(
            Sieve(file, size, settings),
            batched=True,
            batch_size=1,
            remove_columns="start",
            features=FEATURES,
            num_proc=workers if workers > 1 else None,
            cache_file_name=str(folder / "verdicts.arrow"),
            load_from_cache_file=False,
            new_fingerprint="verdicts",
            desc="filter, in blocks",
        )
    return verdicts.data.table
