"""Files of lines that several processes read in blocks, and the folder they work in."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eval.errors import InputError
from eval.jsonl import told


def lines(file: Path, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """The lines that begin at byte `start` or later and before `end`, each with its line end, the last one too.

    Blocks that cover a file give each of its lines once, wherever they are cut.
    """
    with told(file), file.open("rb") as source:
        if start:
            source.seek(start - 1)
            source.readline()  # the block before has it, unless the line ends just before `start`
        while end is None or source.tell() < end:
            line = source.readline()
            if not line:
                return
            yield line if line.endswith(b"\n") else line + b"\n"


@contextmanager
def working_folder(out: Path) -> Iterator[Path]:
    """An empty folder beside `out` that is removed at the end; what a killed run left in it goes first.

    Raises:
        InputError: another run has it.
    """
    folder = out.with_name(f".{out.name}.working")
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # not flock, which forked workers would hold on to
        except BlockingIOError as error:
            raise InputError(f"another run writes {out}; wait for it, or choose another file for --out") from error
        try:
            for left in set(folder.iterdir()) - {Path(lock.name)}:
                left.unlink()
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
