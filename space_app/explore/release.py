"""Reads a release of the dataset to show it: from its folder, or from the Hub at one revision."""

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from builder.schema import CONFIGS
from eval.errors import InputError, XsbError, one_line
from eval.load import record
from eval.record import SPLITS, Record
from hub_cards.errors import HubError
from space_app.source import OnHub

REPORT = "build_report.json"
TABLES = {f"{config}/{split}.parquet": split for config in CONFIGS for split in SPLITS}
MAKE = "make a release: xsb-build release --out xsb"


def from_release(folder: Path) -> tuple[list[Record], str]:
    """The records of a release's folder, and which they are, in a line.

    Raises:
        InputError: there is no release, or it is damaged.
    """
    files = {path: folder / path for path in (*TABLES, REPORT) if (folder / path).is_file()}
    return _read(files, str(folder)), f"version {_version(files)}, from the folder {folder}"


def from_hub(place: OnHub) -> tuple[list[Record], str]:
    """The records of a dataset on the Hub as its revision is now, and which they are, in a line.

    Raises:
        InputError: there is no such dataset, the Hub cannot be reached, or it holds no release.
    """
    from huggingface_hub import constants  # with the client: half a second, which a local folder should not wait for

    from hub_cards.hub import Repository, persist, telling
    from hub_cards.push import download

    repo_id = place.repo_id
    repository = Repository(repo_id)
    try:
        with telling(repo_id, f"there is no folder {repo_id} here, and from the Hub it cannot be had: "):
            revision = persist(partial(repository.head, place.revision))
            if revision is None:
                raise InputError(f"{repo_id} is no folder here, and no dataset on the Hub for this token; {MAKE}")
            there = persist(partial(repository.hashes, revision, (*TABLES, REPORT)))
            files = {path: download(repository, path, revision, Path(constants.HF_HUB_CACHE)) for path in there}
    except HubError as error:
        raise InputError(str(error)) from error
    return _read(files, repo_id), f"version {_version(files)}, {repo_id} on the Hub at {revision[:12]}"


def _read(files: Mapping[str, Path], name: str) -> list[Record]:
    tables = {path: file for path, file in files.items() if path in TABLES}
    if not tables:
        raise InputError(f"{name} holds none of {', '.join(TABLES)}, so it is no release; {MAKE}")
    return [one for path, file in tables.items() for one in _table(file, f"{path} of {name}", TABLES[path])]


def _table(file: Path, name: str, split: str) -> list[Record]:
    try:
        rows = pq.read_table(file).to_pylist()
        return [record(row, number).model_copy(update={"split": split}) for number, row in enumerate(rows, 1)]
    except (OSError, ValueError, pa.ArrowException, XsbError) as error:
        raise InputError(f"{name} is damaged ({one_line(error)}); {MAKE}") from error


def _version(files: Mapping[str, Path]) -> str:
    """The version that the build report tells."""
    try:
        return str(json.loads(files[REPORT].read_text(encoding="utf-8"))["version"])[:20]
    except (OSError, ValueError, LookupError, TypeError):
        return "unknown"
