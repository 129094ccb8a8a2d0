"""A run that the tab knows of: its report, or what is wrong with it, and where its samples are."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from eval.errors import InputError
from eval.runs.report import Report
from space_app.results.reading import read_report

FILES = ("config.json", "report.json", "samples.jsonl")
REPORT_BYTES = 20_000_000
MOST_RUNS = 200  # of one source


@dataclass(frozen=True)
class Run:
    """A run. `key` names it in addresses; `report` is None where something is `wrong`.

    `samples` gives the path of its samples, which may take a download; None where they cannot be opened. `revision` is
    of the repository that it was published in.
    """

    key: str
    report: Report | None = None
    wrong: str = ""
    samples: Callable[[], Path] | None = None
    revision: str = ""
    uploaded: bool = False


def report_at(path: Path) -> Report:
    """The report of a run, read anew only where its file changed.

    Raises:
        InputError: as for `read_report`, or it cannot be read.
    """
    try:
        now = path.stat()
        if now.st_size > REPORT_BYTES:
            raise InputError(f"its report.json has more than {REPORT_BYTES // 10**6} MB")
        found = _read(path, now.st_mtime_ns, now.st_size)
    except OSError as error:
        raise InputError(f"its report.json cannot be read ({error.strerror})") from error
    if isinstance(found, str):
        raise InputError(f"its report.json cannot be used: {found}")
    return found


@lru_cache(maxsize=MOST_RUNS)
def _read(path: Path, changed: int, size: int) -> Report | str:
    """The report, or what is wrong with it; both are kept until the file changes."""
    del changed, size
    try:
        return read_report(path.read_bytes(), REPORT_BYTES)
    except InputError as error:
        return str(error)
