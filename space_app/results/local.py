"""Runs in folders of this machine, as `xsb-eval run` leaves them."""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from eval.errors import InputError
from space_app.results.run import FILES, MOST_RUNS, Run, report_at

DEEPEST = 5  # folders below the one that is looked through


def local_runs(root: Path) -> list[Run]:
    """The runs in a folder or below it; of the first 200, those that cannot be shown say why."""
    if not root.is_dir():
        return []
    name = root.resolve().name
    found: list[Run] = []
    for folder, files in _folders(root):
        below = folder.relative_to(root).as_posix()
        key = name if below == "." else f"{name}/{below}"
        if len(found) == MOST_RUNS:
            return [*found, Run(name, wrong=f"it holds more than {MOST_RUNS} runs; give folders with fewer")]
        found.append(_run(key, folder, files))
    return found


def _folders(root: Path) -> Iterator[tuple[Path, set[str]]]:
    """Folders of runs, with which files of a run they hold: two of three at least, since others have a config, too."""
    for at, folders, files in os.walk(root):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        folder = Path(at)
        if len(folder.relative_to(root).parts) >= DEEPEST:
            folders.clear()
        if len(there := {*FILES} & {*files}) > 1:
            yield folder, there


def _run(key: str, folder: Path, files: set[str]) -> Run:
    if "report.json" not in files:
        return Run(key, wrong="it has no report.json yet; `xsb-eval report` with its folder writes one")
    try:
        report = report_at(folder / "report.json")
    except InputError as error:
        return Run(key, wrong=f"{error}; `xsb-eval report` with its folder writes it anew")
    samples = folder / "samples.jsonl"
    return Run(key, report, samples=partial(Path, samples) if "samples.jsonl" in files else None)
