"""Writes a release of the dataset: parquet files, card, Croissant metadata and build report, all of it or nothing.

Same records, same bytes: rows are sorted by id, the schema is fixed and nothing tells the time. The bytes of parquet
files also depend on pyarrow's version, which the build report holds.
"""

import ctypes
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from builder.release.frozen import check_test_split
from builder.release.report import CANARY, Rows, build_report, card
from builder.review.agreement import reviewed
from builder.review.reading import Reviews, by_record
from builder.schema import CONFIGS, SCHEMAS, config
from builder.shipped import RECORDS
from builder.validate import validate
from builder.versions import highest
from eval.errors import InputError, XsbError
from eval.record import SPLITS, Record
from eval.twins import Twins
from hub_cards.check import problems

CARD, REPORT, METADATA, LICENSE = "README.md", "build_report.json", "croissant.json", "LICENSE"
FILES = {*(f"{name}/{split}.parquet" for name in CONFIGS for split in SPLITS), CARD, REPORT, METADATA, LICENSE}


def release(records: Sequence[Record], out: Path, reviews: Reviews | None = None, twins: Twins | None = None) -> Path:
    """Write the release to the folder `out` and return it; an earlier release there is replaced in one step.

    Args:
        records: what to release.
        out: the folder.
        reviews: readings of the records, for agreement on card and report.
        twins: what a model does to records and their neutral twins, for the same.

    Raises:
        InputError: a record breaks a rule, a split would be empty, `out` holds something else than a release, or the
            test split of its earlier release, of the same major version from 1 on, would change.
        XsbError: the folder cannot be written, or the card would say what the report does not. In every case what
            stood at `out` is untouched.
    """
    out = out.resolve()
    with _telling(out):
        _check_replaceable(out)
    if wrong := validate(records):
        raise InputError(f"{len(wrong)} problems in the records, first: {wrong[0]}; run xsb-build validate")
    reviews = reviews or Reviews()
    shelf = by_record(reviews.readings)
    seen = [record.model_copy(update={"review": reviewed(record, shelf)}) for record in records]
    rows = {name: {split: _rows(seen, name, split) for split in SPLITS} for name in CONFIGS}
    empty = [f"{name}/{split}" for name in CONFIGS for split in SPLITS if not rows[name][split]]
    if empty:
        raise InputError(f"no records for {', '.join(empty)}; every config needs records in test and in dev")
    with _telling(out):
        _check_test_is_frozen(rows, highest(seen), out)
        out.parent.mkdir(parents=True, exist_ok=True)
        _sweep(out)
        # Beside `out`, so that both are on one file system and the swap is a rename.
        with TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as beside:
            new = Path(beside) / out.name
            _write(rows, new, reviews, twins)
            _swap(new, out)
    return out


@contextmanager
def _telling(out: Path) -> Iterator[None]:
    """Say of what the system refuses what to do about it."""
    try:
        yield
    except OSError as error:
        raise XsbError(f"cannot write the release to {out}: {error}; choose another --out") from error


def _rows(records: Sequence[Record], name: str, split: str) -> list[Record]:
    """The records of one parquet file."""
    return sorted((r for r in records if config(r) == name and r.split == split), key=lambda record: record.id)


def _check_replaceable(out: Path) -> None:
    """Refuse to replace what is not a release: the swap deletes the old folder."""
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(f"{out} is a file; give a folder for the release")
    files = {path.relative_to(out).as_posix() for path in out.rglob("*") if not path.is_dir()}
    foreign = sorted(files - FILES)
    if foreign or (files and REPORT not in files):
        which = f"holds {foreign[0]!r}" if foreign else f"holds files but no {REPORT}"
        raise InputError(f"{out} {which}, so it is no release; move it or choose another folder")


def _check_test_is_frozen(rows: Rows, new: str, out: Path) -> None:
    """Within a major version from 1 on, people's results on the test split have to stay comparable."""
    if not (out / REPORT).exists():
        return
    try:
        old = json.loads((out / REPORT).read_text(encoding="utf-8"))["version"]
        before = {name: pq.read_table(out / name / "test.parquet").to_pylist() for name in CONFIGS}
    except (ValueError, KeyError, OSError, pa.ArrowException) as error:
        raise InputError(f"the earlier release in {out} is damaged ({error}); move it away") from error
    now = {name: [_columns(record, SCHEMAS[name].names) for record in rows[name]["test"]] for name in CONFIGS}
    check_test_split(before, now, old, new, str(out))


def _write(rows: Rows, folder: Path, reviews: Reviews, twins: Twins | None) -> None:
    hashes = {}
    for name, splits in rows.items():
        (folder / name).mkdir(parents=True)
        for split, records in splits.items():
            table = pa.Table.from_pylist([_columns(r, SCHEMAS[name].names) for r in records], SCHEMAS[name])
            table = table.replace_schema_metadata({"canary": CANARY})
            file = folder / name / f"{split}.parquet"
            pq.write_table(table, file, compression="zstd", version="2.6")
            hashes[f"{name}/{split}.parquet"] = sha256(file.read_bytes()).hexdigest()
    from builder.release.croissant import croissant  # takes a second, which only a release should wait for

    report = build_report(rows, hashes, reviews, twins)
    (folder / METADATA).write_text(croissant(hashes, report["version"], CANARY), encoding="utf-8")
    (folder / REPORT).write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    text = card(report)
    if wrong := problems(text, report, FILES):
        raise XsbError(f"the card would not be true, {wrong[0]}; mend hub_cards/templates/dataset.md.j2")
    (folder / CARD).write_text(text, encoding="utf-8")
    (folder / LICENSE).write_bytes((RECORDS / LICENSE).read_bytes())


def _columns(record: Record, names: Sequence[str]) -> dict[str, Any]:
    values = {**record.model_dump(), "prompt": record.prompt}
    return {name: values[name] for name in names}


def _sweep(out: Path) -> None:
    """Delete what killed releases left beside `out`; none takes an hour."""
    for left in out.parent.glob(f".{out.name}-*"):
        if time.time() - left.stat().st_mtime > 3600:
            shutil.rmtree(left, ignore_errors=True)


def _swap(new: Path, out: Path) -> None:
    """Put `new` at `out`; what was at `out` is left beside `new`, to be deleted with it."""
    if not out.exists():
        new.rename(out)
    elif not _exchange(new, out):
        old = new.with_name("old")
        out.rename(old)
        try:
            new.rename(out)
        except OSError:
            old.rename(out)
            raise


def _exchange(one: Path, two: Path) -> bool:
    """Exchange two folders in a single step, so that not even a kill leaves `two` missing; False where Linux can't."""
    call = getattr(ctypes.CDLL(None), "renameat2", None) if sys.platform == "linux" else None
    here, exchange = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of Linux
    return call is not None and call(here, os.fsencode(one), here, os.fsencode(two), exchange) == 0
