"""Checks a release folder before it is published: that it is whole, and that every part of it says the same."""

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from jinja2 import UndefinedError
from pydantic import ValidationError

from builder.release.build import CARD, FILES, METADATA, REPORT
from builder.release.report import build_report, card
from builder.review.reading import Reviews
from builder.schema import CONFIGS, SCHEMAS
from builder.validate import validate
from eval.errors import InputError, one_line
from eval.record import SPLITS, Record
from hub_cards.check import problems

BUILD = "run xsb-build release again"
FROM_ROWS = ("version", "records", "scenarios", "counts", "trigger_in_earlier_turn", "review", "author_kinds")
Table = list[dict[str, Any]]  # rows of a parquet file
Tables = Mapping[str, Mapping[str, Table]]  # by config and split


class Release(NamedTuple):
    """What a release folder holds."""

    folder: Path
    version: str
    tables: Tables
    problems: list[str]

    @property
    def files(self) -> dict[str, Path]:
        """Every file by its path in the release."""
        return {name: self.folder / name for name in sorted(FILES)}


def read_release(folder: Path) -> Release:
    """Read a release folder and say what is wrong with it.

    Raises:
        InputError: it is no release, so that there is nothing to check.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; make a release there: xsb-build release --out {folder}")
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    if missing := sorted(FILES - found):
        raise InputError(f"{folder} lacks {missing[0]}, so it is no whole release; {BUILD}")
    wrong = [f"{name} does not belong to a release; take it away" for name in sorted(found - FILES)]
    try:
        report = json.loads((folder / REPORT).read_text(encoding="utf-8"))
        tables = {c: {s: pq.read_table(folder / c / f"{s}.parquet").to_pylist() for s in SPLITS} for c in CONFIGS}
        version = str(report["version"])
        wrong += _problems(folder, report, tables)
    except (ValueError, TypeError, LookupError, OSError, pa.ArrowException) as error:
        raise InputError(f"the release in {folder} is damaged ({one_line(error)}); {BUILD}") from error
    return Release(folder, version, tables, wrong)


def _problems(folder: Path, report: Mapping[str, Any], tables: Tables) -> Iterator[str]:
    paths = [f"{config}/{split}.parquet" for config in CONFIGS for split in SPLITS]
    hashes = {path: sha256((folder / path).read_bytes()).hexdigest() for path in paths}
    for path, digest in hashes.items():
        if report["sha256"].get(path) != digest:
            yield f"{path} is not the file that {REPORT} speaks of; {BUILD}"
        if digest not in (folder / METADATA).read_text(encoding="utf-8"):
            yield f"{path} is not the file that {METADATA} speaks of; {BUILD}"
        if pq.read_schema(folder / path).remove_metadata() != SCHEMAS[path.split("/")[0]]:
            yield f"{path} has other columns than the schema; {BUILD}"
    yield from _problems_of_rows(report, tables, hashes)
    yield from _problems_of_card((folder / CARD).read_text(encoding="utf-8"), report)


def _problems_of_card(text: str, report: Mapping[str, Any]) -> Iterator[str]:
    try:
        same = text == card(report)
    except (UndefinedError, LookupError, TypeError, AttributeError) as error:
        yield f"the card lacks a number ({error}); {BUILD}"
        return
    if not same:
        yield f"{CARD} does not say what {REPORT} says; {BUILD}"
    elif wrong := problems(text, report, FILES):  # the report itself may have gaps, which the same card shows
        yield f"{CARD} would not be true, {wrong[0]}; {BUILD}"


def _problems_of_rows(report: Mapping[str, Any], tables: Tables, hashes: Mapping[str, str]) -> Iterator[str]:
    try:
        rows = {c: {s: [_record(row, s) for row in table] for s, table in tables[c].items()} for c in tables}
    except ValidationError as error:
        yield f"a row is no record ({error.errors()[0]['msg']}); mend the records, and {BUILD}"
        return
    every = [record for splits in rows.values() for records in splits.values() for record in records]
    for problem in validate(every):
        yield f"{problem.message}; mend the records, and {BUILD}"
    counted = build_report(rows, hashes, Reviews(), None)
    for name in FROM_ROWS:
        if report.get(name) != counted[name]:
            yield f"{name!r} in {REPORT} is not what the rows give; {BUILD}"


def _record(row: Mapping[str, Any], split: str) -> Record:
    """The record of a row of either config."""
    messages = row.get("messages") or [{"role": "user", "content": row.get("prompt")}]
    fields = {name: value for name, value in row.items() if name != "prompt"}
    return Record.model_validate({**fields, "messages": messages, "split": split})
