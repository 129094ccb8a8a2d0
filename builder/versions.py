"""Versions of the dataset: the one that records are of, and the one in which new ones come."""

from collections.abc import Sequence
from pathlib import Path

from builder.rules.text import VERSION
from builder.source.read import read_folder
from eval.record import Record


def highest(records: Sequence[Record]) -> str:
    """The highest version among the records, which is that of their release."""
    return max((record.version for record in records), key=lambda text: [int(number) for number in text.split(".")])


def major(text: str) -> int:
    """The first number of a version."""
    return int(text.split(".")[0])


def next_version(folder: Path) -> str:
    """The version in which new records come: the highest of the records, with its second number raised."""
    numbered = [record for record in read_folder(folder)[0] if VERSION.fullmatch(record.version)]
    first, second, _ = highest(numbered).split(".") if numbered else ("0", "0", "0")
    return f"{first}.{int(second) + 1}.0"
