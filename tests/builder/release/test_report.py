"""The build report: counts, checksums and readings."""

import hashlib
import json
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq

from builder.release.build import release
from builder.review.reading import Reading, Reviews
from eval.record import SPLITS, Record, digest
from tests.builder.release.columns import COLUMNS


def test_report(records: list[Record], released: Path) -> None:
    report = json.loads((released / "build_report.json").read_text())
    counted = {
        (config, split, name, label): count
        for config, splits in report["counts"].items()
        for split, types in splits.items()
        for name, labels in types.items()
        for label, count in labels.items()
        if count
    }
    configs = ["xsb" if r.scenario_id is None else "ms_xsb" for r in records]
    assert counted == Counter((c, r.split, r.type, r.label) for c, r in zip(configs, records, strict=True))
    assert report["records"] == len(records)
    assert report["review"] == {"reviewed_by_humans": 0, "status": {"unreviewed": len(records)}}
    assert len(report["sha256"]) == 4
    for name, checksum in report["sha256"].items():
        assert hashlib.sha256((released / name).read_bytes()).hexdigest() == checksum


def test_human_readings_are_counted(few: list[Record], tmp_path: Path) -> None:
    seen = few[0]
    reading = Reading(
        id=seen.id, digest=digest(seen.messages), reader="ada", author_kind="human", label=seen.label or "safe",
        focus=seen.focus, focus_spans=seen.focus_spans, naturalness=5,
    )  # fmt: skip
    both = [reading, reading.model_copy(update={"reader": "bob"})]
    out = release(few, tmp_path / "xsb", Reviews(readings=both))
    rows = [
        row
        for name in COLUMNS
        for split in SPLITS
        for row in pq.read_table(out / name / f"{split}.parquet").to_pylist()
    ]
    assert {row["id"] for row in rows if row["review"]["reviewers"]} == {seen.id}
    card = (out / "README.md").read_text()
    assert f"**1 of the {len(few)} records were reviewed by at least one human, 1 are accepted.**" in card
