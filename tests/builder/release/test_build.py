"""The release: bytes, all or nothing, and what is refused."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import builder.release.build
from builder.release.build import FILES, release
from builder.release.report import CANARY
from builder.shipped import RECORDS
from eval.errors import InputError, XsbError
from eval.record import SPLITS, Record
from tests.builder.release.columns import COLUMNS


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_files(released: Path) -> None:
    assert set(contents(released)) == FILES
    assert [p.name for p in released.parent.iterdir()] == ["xsb"]


def test_same_records_same_bytes(records: list[Record], released: Path, tmp_path: Path) -> None:
    again = release(records[::-1], tmp_path / "deep" / "down")
    assert contents(again) == contents(released)


@pytest.mark.parametrize("at", ["build_report", "card", "_swap"])
def test_failed_release_leaves_the_last_one(
    few: list[Record], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    out = release(few, tmp_path / "xsb")
    before = contents(out)
    monkeypatch.setattr(builder.release.build, at, _full_disk)
    with pytest.raises(XsbError, match="No space left"):
        release([*few[:-1], few[-1].model_copy(update={"why": "Changed."})], out)
    assert contents(out) == before
    assert [p.name for p in tmp_path.iterdir()] == ["xsb"]


def _full_disk(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("exchange", [True, False])
def test_new_release_replaces_the_old_one(
    few: list[Record], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exchange: bool
) -> None:
    if not exchange:
        monkeypatch.setattr(builder.release.build, "_exchange", lambda *_: False)
    changed = [r.model_copy(update={"version": "9.9.9"}) for r in few]
    release(few, tmp_path / "xsb")
    release(changed, tmp_path / "xsb")
    assert contents(tmp_path / "xsb") == contents(release(changed, tmp_path / "other"))
    assert {p.name for p in tmp_path.iterdir()} == {"xsb", "other"}


def test_rename_that_fails_halfway_is_taken_back(
    few: list[Record], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = release(few, tmp_path / "xsb")
    before, rename = contents(out), Path.rename

    def second_fails(self: Path, target: Path) -> Path:
        if self.parent != tmp_path and self.name == "xsb":
            _full_disk()
        return rename(self, target)

    monkeypatch.setattr(builder.release.build, "_exchange", lambda *_: False)
    monkeypatch.setattr(Path, "rename", second_fails)
    with pytest.raises(XsbError, match="No space left"):
        release(few, out)
    assert contents(out) == before


@pytest.mark.parametrize("before_the_swap", [True, False])
def test_a_killed_release_leaves_the_old_or_the_new_one(
    few: list[Record], tmp_path: Path, before_the_swap: bool
) -> None:
    old = contents(release(few, tmp_path / "xsb"))
    new = contents(release([r.model_copy(update={"why": "Changed."}) for r in few], tmp_path / "new"))
    script = (
        "import os, pickle, sys; import builder.release.build as r; from pathlib import Path\n"
        "swap = r._swap\n"
        f"r._swap = lambda *at: ({before_the_swap} or swap(*at), os._exit(9))\n"
        "r.release(pickle.loads(Path(sys.argv[1]).read_bytes()), Path(sys.argv[2]))"
    )
    (tmp_path / "records").write_bytes(pickle.dumps([r.model_copy(update={"why": "Changed."}) for r in few]))
    command = [sys.executable, "-c", script, str(tmp_path / "records"), str(tmp_path / "xsb")]
    assert subprocess.run(command, cwd=RECORDS.parents[1], check=False).returncode == 9
    assert contents(tmp_path / "xsb") == (old if before_the_swap else new)
    (left,) = tmp_path.glob(".xsb-*")
    os.utime(left, (0, 0))
    release(few, tmp_path / "xsb")
    assert not left.exists()


def test_another_folder_is_not_replaced(few: list[Record], tmp_path: Path) -> None:
    (tmp_path / "xsb").mkdir()
    (tmp_path / "xsb" / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match=r"holds 'thesis\.txt', so it is no release"):
        release(few, tmp_path / "xsb")
    (tmp_path / "repository").mkdir()
    (tmp_path / "repository" / "README.md").write_text("mine")
    with pytest.raises(InputError, match=r"holds files but no build_report\.json, so it is no release"):
        release(few, tmp_path / "repository")
    with pytest.raises(InputError, match="is a file; give a folder"):
        release(few, tmp_path / "xsb" / "thesis.txt")
    assert (tmp_path / "xsb" / "thesis.txt").read_text() == "years of work"


def test_records_with_problems_are_refused(few: list[Record], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"1 problems in the records, first: records:1: .*unknown pattern 'odd'"):
        release([few[0].model_copy(update={"pattern": "odd"}), *few[1:]], tmp_path / "xsb")
    with pytest.raises(InputError, match="no records for xsb/dev, ms_xsb/test, ms_xsb/dev"):
        release([r for r in few if r.scenario_id is None and r.split == "test"], tmp_path / "xsb")
    assert list(tmp_path.iterdir()) == []


def test_a_test_split_is_frozen_within_a_major_version(few: list[Record], tmp_path: Path) -> None:
    first = [r.model_copy(update={"version": "1.0.0"}) for r in few]

    def mended(split: str, version: str) -> list[Record]:
        """Another `why` in all records of a split, which is what gives them the version."""
        change = {"why": "Said in other words.", "version": version}
        return [r.model_copy(update=change) if r.split == split else r for r in first]

    out = release(first, tmp_path / "xsb")
    before = contents(out)
    with pytest.raises(InputError, match=r"is of version 1\.0\.0 and would change; put new records in dev"):
        release(mended("test", "1.1.0"), out)
    assert contents(out) == before
    assert contents(release(mended("dev", "1.1.0"), out)) != before
    release(mended("test", "2.0.0"), out)
    release([r.model_copy(update={"version": "10.0.0"}) for r in few], out)
    with pytest.raises(InputError, match=r"is of version 10\.0\.0 and would change"):
        release([r.model_copy(update={"version": "10.0.1", "topic": r.topic + "x"}) for r in few], out)


def test_a_damaged_release_is_named(few: list[Record], tmp_path: Path) -> None:
    out = release(few, tmp_path / "xsb")
    (out / "xsb" / "test.parquet").write_bytes(b"")
    with pytest.raises(InputError, match=r"the earlier release in .* is damaged .*; move it away"):
        release(few, out)


def test_the_canary_is_in_every_file_that_holds_records_or_tells_of_them(released: Path) -> None:
    for config in COLUMNS:
        for split in SPLITS:
            assert pq.read_schema(released / config / f"{split}.parquet").metadata[b"canary"].decode() == CANARY
    assert all(CANARY in (released / name).read_text() for name in ("README.md", "croissant.json", "build_report.json"))
