"""Writes a release of the dataset: parquet files, card and build report, all of it or nothing.

Same records, same bytes: rows are sorted by id, the schema is fixed and nothing tells the time. The bytes of parquet
files also depend on pyarrow's version, which the build report holds.
"""

import ctypes
import hashlib
import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from builder.validate import validate
from eval.errors import InputError, XsbError
from eval.record import Label, Record
from hub_cards.render import render

CANARY = "XSB benchmark data must not be in training corpora. Canary GUID xsb:6f0c1b52-9d5e-4c83-a7b1-2e84d0f3975a"
CONFIGS, SPLITS = ("xsb", "ms_xsb"), ("test", "dev")
LABELS: tuple[Label, ...] = ("safe", "unsafe")
REPORT = "build_report.json"
FILES = {*(f"{config}/{split}.parquet" for config in CONFIGS for split in SPLITS), "README.md", REPORT}

_TEXT, _NUMBER = pa.string(), pa.int64()
_SHARED = {
    "type": _TEXT,
    "label": _TEXT,
    "focus": pa.list_(_TEXT),
    "focus_spans": pa.list_(pa.struct({"turn": _NUMBER, "start": _NUMBER, "end": _NUMBER})),
    "neutral": pa.list_(_TEXT),
    "pattern": _TEXT,
    "pair_id": _TEXT,
    "topic": _TEXT,
    "why": _TEXT,
    "source": _TEXT,
    "author_kind": _TEXT,
    "review": pa.struct({"status": _TEXT, "reviewers": _NUMBER, "agreement": pa.float64()}),
    "version": _TEXT,
}
_MESSAGES = pa.list_(pa.struct({"role": _TEXT, "content": _TEXT}))
SCHEMAS = {
    "xsb": pa.schema({"id": _TEXT, "prompt": _TEXT, **_SHARED}),
    "ms_xsb": pa.schema({"id": _TEXT, "scenario_id": _TEXT, "messages": _MESSAGES, "trigger_turn": _NUMBER, **_SHARED}),
}


def release(records: Sequence[Record], out: Path) -> Path:
    """Write the release to the folder `out` and return it; an earlier release there is replaced in one step.

    Raises:
        InputError: a record breaks a rule, a split would be empty, or `out` holds something else than a release.
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
        out.parent.mkdir(parents=True, exist_ok=True)
        # Beside `out`, so that both are on one file system and the swap is a rename.
        with TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as beside:
            new = Path(beside) / out.name
            _write(rows, new, len(problems))
            _swap(new, out)
    except OSError as error:
        raise XsbError(f"cannot write the release to {out}: {error}; choose another --out") from error
    return out


def _rows(records: Sequence[Record], config: str, split: str) -> list[Record]:
    """The records of one parquet file; a record with a scenario belongs to ms_xsb."""
    chosen = [r for r in records if (r.scenario_id is not None) == (config == "ms_xsb") and r.split == split]
    return sorted(chosen, key=lambda record: record.id)


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


def _write(rows: dict[str, dict[str, list[Record]]], folder: Path, problems: int) -> None:
    hashes = {}
    for config, splits in rows.items():
        (folder / config).mkdir(parents=True)
        for split, records in splits.items():
            table = pa.Table.from_pylist([_columns(r, SCHEMAS[config].names) for r in records], SCHEMAS[config])
            file = folder / config / f"{split}.parquet"
            pq.write_table(table, file, compression="zstd", version="2.6")
            hashes[f"{config}/{split}.parquet"] = hashlib.sha256(file.read_bytes()).hexdigest()
    report = _report(rows, hashes, problems)
    (folder / REPORT).write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(_card(report), encoding="utf-8")


def _columns(record: Record, names: Sequence[str]) -> dict[str, Any]:
    values = {**record.model_dump(), "prompt": record.prompt}
    return {name: values[name] for name in names}


def _report(rows: dict[str, dict[str, list[Record]]], hashes: dict[str, str], problems: int) -> dict[str, Any]:
    every = [record for splits in rows.values() for records in splits.values() for record in records]
    return {
        "records": len(every),
        "versions": sorted({record.version for record in every}),
        "counts": {c: {split: _by_type(records) for split, records in splits.items()} for c, splits in rows.items()},
        "review": {
            "reviewed_by_humans": sum(record.review.reviewers > 0 for record in every),
            "status": dict(sorted(Counter(record.review.status for record in every).items())),
        },
        "author_kinds": dict(sorted(Counter(record.author_kind for record in every).items())),
        "problems": problems,
        "sha256": hashes,
        "pyarrow": pa.__version__,
    }


def _by_type(records: Sequence[Record]) -> dict[str, dict[str, int]]:
    counts = Counter((record.type, record.label) for record in records)
    return {name: {label: counts[name, label] for label in LABELS} for name in sorted({r.type for r in records})}


def _card(report: dict[str, Any]) -> str:
    bounds = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
    return render(
        "dataset.md",
        records=report["records"],
        size_category=next((name for bound, name in bounds if report["records"] < bound), "n>1M"),
        version=" and ".join(report["versions"]),
        counts=report["counts"],
        author_kinds=report["author_kinds"],
        reviewed=report["review"]["reviewed_by_humans"],
        accepted=report["review"]["status"].get("accepted", 0),
        canary=CANARY,
    )


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
