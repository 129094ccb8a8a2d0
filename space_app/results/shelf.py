"""All runs that the settings name, found anew at each visit: local folders and datasets on the Hub."""

from collections.abc import Sequence
from pathlib import Path

from space_app.results.local import local_runs
from space_app.results.run import Run
from space_app.source import on_hub


def runs_of(sources: Sequence[str]) -> list[Run]:
    """The runs of each source in turn. A source is a folder if there is one of that name; else ORG/NAME is on the Hub.

    A key that comes twice, of two folders with equal names, gets a number.
    """
    found: dict[str, Run] = {}
    for source in sources:
        for run in _runs(source):
            key, number = run.key, 2
            while key in found:
                key, number = f"{run.key} ({number})", number + 1
            found[key] = run if key == run.key else Run(**{**vars(run), "key": key})
    return list(found.values())


def _runs(source: str) -> list[Run]:
    place = on_hub(source)
    if place is None:
        return local_runs(Path(source))
    from space_app.results.published import published_runs  # the Hub's client takes a second

    return published_runs(source)
