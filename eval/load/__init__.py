"""Any dataset as records: a release (`xsb`, `ms_xsb`), a Hub id, or a CSV, JSONL or parquet file with prompts.

Tables of other projects work as they are; see `eval.load.formats` for what is read as what.
"""

import logging
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from eval.errors import InputError, one_line
from eval.load.formats import adapted
from eval.pinned import COMMIT, commit_of
from eval.record import Conversation, Message, Record

FILES = {".csv": "csv", ".json": "json", ".jsonl": "json", ".parquet": "parquet"}
RELEASE, OURS = Path("xsb"), ("xsb", "ms_xsb")


class Loaded(NamedTuple):
    """The records of a dataset, in its own order, and notes on how its columns were read."""

    records: list[Record]
    notes: list[str]


def load_records(dataset: str, split: str = "test") -> list[Record]:
    """The records of a dataset alone; arguments and errors as for `load`."""
    return load(dataset, split).records


def load(dataset: str, split: str = "test") -> Loaded:
    """A dataset as records.

    Args:
        dataset: `xsb` or `ms_xsb` (the release in the folder `xsb` here), on the Hub `ID`, `ID:CONFIG` or, of one
            of its revisions, `ID@REVISION:CONFIG`; or a file.
        split: of a release or Hub dataset; files have only one.

    Raises:
        InputError: there is no such dataset, it has no prompts, or labels that are neither safe nor unsafe.
    """
    rows, notes = adapted(_rows(dataset, split))
    records = [record(row, number) for number, row in enumerate(rows, 1)]
    if not records:
        raise InputError(f"dataset {dataset!r} has no rows")
    return Loaded(records, notes)


def pinned(dataset: str) -> tuple[str, str]:
    """A dataset on the Hub at the commit that it has now, and that commit; any other as it is, and ""."""
    if Path(dataset).suffix in FILES or dataset in OURS:
        return dataset, ""
    name, revision, config = _on_the_hub(dataset)
    commit = commit_of(name, "dataset", revision or None) or ""
    if not COMMIT.fullmatch(commit):
        return dataset, ""  # the Hub was not reached
    return f"{name}@{commit}:{config}" if config else f"{name}@{commit}", commit


def _on_the_hub(dataset: str) -> tuple[str, str, str]:
    """Name, revision and config, each but the name perhaps empty; a folder has no revision."""
    named, _, config = dataset.partition(":")
    name, _, revision = (named, "", "") if Path(named).is_dir() else named.partition("@")
    return name, revision, config


def stratified(records: list[Record], limit: int | None) -> list[Record]:
    """The first `limit` records when types and labels take turns; all of them without a limit."""
    return records if limit is None or limit >= len(records) else taking_turns(records)[:limit]


def taking_turns(records: list[Record]) -> list[Record]:
    """All records, those of each type and label in their own order."""
    strata: dict[tuple[str, str], list[Record]] = {}
    for item in records:
        strata.setdefault((item.type, item.label or ""), []).append(item)
    rounds = range(max(map(len, strata.values()), default=0))
    return [stratum[i] for i in rounds for stratum in strata.values() if i < len(stratum)]


def record(row: Mapping[str, Any], number: int) -> Record:
    """A record from one row; columns that a record does not have are left out.

    Raises:
        InputError: the row has neither prompt nor messages, or they do not make a record.
    """
    known = {name: value for name, value in row.items() if name in Record.model_fields and value is not None}
    known["id"] = f"row-{number}" if row.get("id") in (None, "") else str(row["id"])
    known.pop("split", None)  # the split is what was loaded
    try:
        return Record.model_validate({**known, "messages": _messages(row, number)})
    except (ValueError, TypeError) as error:
        raise InputError(f"row {number} is not a record: {' '.join(str(error).split())[:300]}") from error


def _messages(row: Mapping[str, Any], number: int) -> Conversation:
    if row.get("messages"):
        return [Message.model_validate(message) for message in row["messages"]]
    prompt = row.get("prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        raise InputError(f"row {number} has no prompt; a dataset needs a column `prompt` or `messages` without gaps")
    return [Message(role="user", content=prompt)]


def _rows(dataset: str, split: str) -> Iterable[Mapping[str, Any]]:
    from datasets import load_dataset
    from datasets.exceptions import DatasetGenerationError

    logging.getLogger("datasets").setLevel(logging.CRITICAL)  # it would tell the same in more lines
    path = Path(dataset)
    try:
        if path.suffix in FILES:
            if not path.is_file():
                raise InputError(f"file {dataset!r} does not exist")
            return load_dataset(FILES[path.suffix], data_files=str(path), split="train")  # type: ignore[no-any-return]
        if dataset in OURS:
            if not RELEASE.is_dir():
                raise InputError("there is no release in the folder xsb here; make one: xsb-build release --out xsb")
            return load_dataset(str(RELEASE), dataset, split=split)  # type: ignore[no-any-return]
        name, revision, config = _on_the_hub(dataset)
        commit = commit_of(name, "dataset", revision or None)
        return load_dataset(name, config or None, split=split, revision=commit)  # type: ignore[no-any-return]
    except (OSError, ValueError, RuntimeError, StopIteration, DatasetGenerationError) as error:
        if "corresponds to no data" in str(error):
            raise InputError(f"dataset {dataset!r} has no rows") from error
        reason = error.__cause__ if isinstance(error, DatasetGenerationError) and error.__cause__ else error
        said = one_line(reason).rstrip(".") or "there is nothing in it"
        offline = " (offline)" if os.environ.get("HF_HUB_OFFLINE") == "1" else ""
        raise InputError(
            f"dataset {dataset!r}, split {split!r}, cannot be loaded{offline}: {said}. "
            "Allowed: xsb, ms_xsb, a Hub id (ORG/NAME@REVISION:CONFIG), or a .csv, .json, .jsonl or .parquet file"
        ) from error
