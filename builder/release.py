"""Writes a release of the dataset: parquet files, card, Croissant metadata and build report, all of it or nothing.

Same records, same bytes: rows are sorted by id, the schema is fixed and nothing tells the time. The bytes of parquet
files also depend on pyarrow's version, which the build report holds.
"""

import ctypes
import json
import os
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from builder.report import Rows, build_report, card, version
from builder.review import Reviews
from builder.schema import CONFIGS, SCHEMAS, SPLITS
from builder.validate import validate
from eval.errors import InputError, XsbError
from eval.record import Record
from eval.twins import Twins

CARD, REPORT, METADATA, LICENSE = "README.md", "build_report.json", "croissant.json", "LICENSE"
FILES = {*(f"{config}/{split}.parquet" for config in CONFIGS for split in SPLITS), CARD, REPORT, METADATA, LICENSE}


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
        XsbError: the folder cannot be written. In every case what stood at `out` is untouched.
    """
    problems = validate(records)
    if problems:
        raise InputError(f"{len(problems)} problems in the records, first: {problems[0]}; run xsb-build validate")
    rows = {config: {split: _rows(records, config, split) for split in SPLITS} for config in CONFIGS}
    empty = [f"{config}/{split}" for config in CONFIGS for split in SPLITS if not rows[config][split]]
    if empty:
        raise InputError(f"no records for {', '.join(empty)}; every config needs records in test and in dev")
    out = out.resolve()
    try:
        _check_replaceable(out)
        _check_test_is_frozen(rows, out)
        out.parent.mkdir(parents=True, exist_ok=True)
        # Beside `out`, so that both are on one file system and the swap is a rename.
        with TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as beside:
            new = Path(beside) / out.name
            _write(rows, new, reviews or Reviews(), twins)
            _swap(new, out)
    except OSError as error:
        raise XsbError(f"cannot write the release to {out}: {error}; choose another --out") from error
    return out


def _rows(records: Sequence[Record], config: str, split: str) -> list[Record]:
    """The records of one parquet file; a record with a scenario belongs to ms_xsb."""
    chosen = [r for r in records if (r.scenario_id is not None) == (config == "ms_xsb") and r.split == split]
    return sorted(chosen, key=lambda record: record.id)


def _check_test_is_frozen(rows: Rows, out: Path) -> None:
    """Within a major version from 1 on, people's results on the test split have to stay comparable."""
    new = version([record for splits in rows.values() for records in splits.values() for record in records])
    for config in CONFIGS:
        file = out / config / "test.parquet"
        if not file.exists():
            continue
        old = pq.read_table(file).to_pylist()
        major = max((row["version"].split(".")[0] for row in old), default="0")
        changed = [_columns(r, SCHEMAS[config].names) for r in rows[config]["test"]] != old
        if changed and major != "0" and new.split(".")[0] == major:
            raise InputError(
                f"the test split in {out / config} is of version {major} and would change; raise the major"
            )


def _check_replaceable(out: Path) -> None:
    """Refuse to replace what is not a release: the swap deletes the old folder."""
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(f"{out} is a file; give a folder for the release")
    files = (path.relative_to(out).as_posix() for path in out.rglob("*") if not path.is_dir())
    foreign = next((name for name in files if name not in FILES), None)
    if foreign is not None:
        raise InputError(f"{out} holds {foreign!r}, which is no part of a release; move it or choose another folder")


def _write(rows: Rows, folder: Path, reviews: Reviews, twins: Twins | None) -> None:
    hashes = {}
    for config, splits in rows.items():
        (folder / config).mkdir(parents=True)
        for split, records in splits.items():
            table = pa.Table.from_pylist([_columns(r, SCHEMAS[config].names) for r in records], SCHEMAS[config])
            file = folder / config / f"{split}.parquet"
            pq.write_table(table, file, compression="zstd", version="2.6")
            hashes[f"{config}/{split}.parquet"] = sha256(file.read_bytes()).hexdigest()
    from builder.croissant import croissant  # takes a second, which only a release should wait for

    report = build_report(rows, hashes, reviews, twins)
    (folder / METADATA).write_text(croissant(hashes, report["version"]), encoding="utf-8")
    (folder / REPORT).write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / CARD).write_text(card(report), encoding="utf-8")
    (folder / LICENSE).write_bytes((Path(__file__).parent / "records" / LICENSE).read_bytes())


def _columns(record: Record, names: Sequence[str]) -> dict[str, Any]:
    values = {**record.model_dump(), "prompt": record.prompt}
    return {name: values[name] for name in names}


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
