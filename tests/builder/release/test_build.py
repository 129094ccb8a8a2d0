"""The release: bytes, counts, all or nothing, and what datasets makes of it, each against the records themselves."""

import hashlib
import json
import os
import pickle
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

import builder.release.build
from builder.release.build import FILES, release
from builder.release.report import CANARY
from builder.review.reading import Reading, Reviews
from builder.schema import COLUMNS as MEANINGS
from builder.shipped import RECORDS
from builder.source.read import read_folder
from eval.errors import InputError, XsbError
from eval.record import SPLITS, Record, digest

SHARED = ["type", "label", "focus", "focus_spans", "neutral", "pattern", "pair_id", "topic", "why", "source",
          "author_kind", "review", "version"]  # fmt: skip
COLUMNS = {"xsb": ["id", "prompt", *SHARED], "ms_xsb": ["id", "scenario_id", "messages", "trigger_turn", *SHARED]}


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return read_folder(RECORDS)[0]


@pytest.fixture(scope="module")
def released(records: list[Record], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return release(records, tmp_path_factory.mktemp("released") / "xsb")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_files(released: Path) -> None:
    assert set(contents(released)) == FILES
    assert [p.name for p in released.parent.iterdir()] == ["xsb"]


def test_same_records_same_bytes(records: list[Record], released: Path, tmp_path: Path) -> None:
    again = release(records[::-1], tmp_path / "deep" / "down")
    assert contents(again) == contents(released)


@pytest.mark.parametrize("config", COLUMNS)
@pytest.mark.parametrize("split", ["test", "dev"])
def test_rows_are_the_records(records: list[Record], released: Path, config: str, split: str) -> None:
    table = pq.read_table(released / config / f"{split}.parquet")
    assert table.column_names == COLUMNS[config]
    chosen = {r.id: r for r in records if r.split == split and (r.scenario_id is None) == (config == "xsb")}
    rows = table.to_pylist()
    assert [row["id"] for row in rows] == sorted(chosen)
    for row in rows:
        record = chosen[row["id"]]
        content = [row["prompt"]] if config == "xsb" else [m["content"] for m in row["messages"]]
        assert content == [m.content for m in record.messages]
        assert [content[s["turn"]][s["start"] : s["end"]] for s in row["focus_spans"]] == row["focus"] == record.focus
        assert row["review"] == {"status": "unreviewed", "reviewers": 0, "agreement": None}
        assert (row["label"], row["neutral"], row["pair_id"]) == (record.label, record.neutral, record.pair_id)


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


def test_card(records: list[Record], released: Path) -> None:
    card = (released / "README.md").read_text()
    _, front, text = card.split("---\n", 2)
    meta = yaml.safe_load(front)
    assert (meta["license"], meta["language"], meta["pretty_name"]) == ("cc-by-4.0", ["en"], "XSB")
    assert meta["task_categories"] == ["text-generation"] and meta["size_categories"] == ["1K<n<10K"]
    assert [(c["config_name"], c.get("default")) for c in meta["configs"]] == [("xsb", True), ("ms_xsb", None)]
    assert all((released / file["path"]).is_file() for c in meta["configs"] for file in c["data_files"])
    assert f"**No human has reviewed any of the {len(records)} records.**" in text
    assert CANARY in text and "2510.08158" in text
    for column in {*COLUMNS["xsb"], *COLUMNS["ms_xsb"]}:
        assert f"\n| `{column}` |" in text


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


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated", "ignore:The inplace keyword")  # mlcroissant's own
def test_croissant_describes_every_file_and_column(few: list[Record], tmp_path: Path) -> None:
    """mlcroissant itself reads the metadata, checks the hashes and gives the rows."""
    import mlcroissant

    out = release(few, tmp_path / "xsb")
    dataset = mlcroissant.Dataset(jsonld=str(out / "croissant.json"))
    assert not dataset.metadata.ctx.issues.errors
    assert {file.id for file in dataset.metadata.distribution} == {name for name in FILES if name.endswith("parquet")}
    for config, columns in COLUMNS.items():
        rows = list(dataset.records(f"{config}_test"))
        expected = pq.read_table(out / config / "test.parquet").to_pylist()
        assert len(rows) == len(expected)
        assert [name.split("/")[1] for name in rows[0]] == columns
        assert rows[0][f"{config}_test/id"].decode() == expected[0]["id"]
        spans = [{key.split("/")[-1]: n for key, n in span.items()} for span in rows[0][f"{config}_test/focus_spans"]]
        assert spans == expected[0]["focus_spans"]


def test_every_column_has_a_meaning() -> None:
    assert {*COLUMNS["xsb"], *COLUMNS["ms_xsb"]} == set(MEANINGS)


def test_pandas_and_polars_read_it(records: list[Record], released: Path) -> None:
    import pandas as pd
    import polars as pl

    for config in COLUMNS:
        expected = sum(r.split == "test" and (r.scenario_id is None) == (config == "xsb") for r in records)
        file = released / config / "test.parquet"
        assert len(pd.read_parquet(file)) == len(pl.read_parquet(file)) == expected
        assert pl.read_parquet(file)["focus_spans"].explode().struct.field("start").null_count() == 0


def test_datasets_does_not_give_the_rows_of_an_earlier_release(few: list[Record], tmp_path: Path) -> None:
    """Its cache is keyed by the card; the change keeps the file's size and the number of rows."""
    script = "from datasets import load_dataset; print(load_dataset('xsb', split='test')[0]['why'])"
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "cache")}
    for why in ("First of them.", "Other of them."):
        release([r.model_copy(update={"why": why}) for r in few], tmp_path / "xsb")
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=tmp_path, env={**os.environ, **offline}, capture_output=True,
            text=True, check=True,
        )  # fmt: skip
        assert done.stdout == f"{why}\n"


def test_datasets_loads_it(records: list[Record], released: Path, tmp_path: Path) -> None:
    script = (
        "import json; from datasets import load_dataset\n"
        "a = load_dataset('xsb'); b = load_dataset('xsb', 'ms_xsb', split='test'); c = load_dataset('xsb', 'ms_xsb')\n"
        # a stream is read to its end: one that is dropped on the way may abort Python
        "d = load_dataset('xsb', split='test', streaming=True); assert list(d) == list(a['test'])\n"
        "print(json.dumps([{s: len(a[s]) for s in a}, len(b), sorted(c), a['test'].column_names, b.column_names,"
        " a['test'][0]['focus_spans'], b[0]['messages'][0]['role']]))"
    )
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path), "HF_DATASETS_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=released.parent, env={**os.environ, **offline}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    sizes, dialogues, splits, prompt_columns, dialogue_columns, spans, role = json.loads(done.stdout)
    single = Counter(r.split for r in records if r.scenario_id is None)
    assert sizes == {"test": single["test"], "dev": single["dev"]}
    assert dialogues == sum(r.scenario_id is not None and r.split == "test" for r in records)
    assert splits == ["dev", "test"]
    assert (prompt_columns, dialogue_columns) == (COLUMNS["xsb"], COLUMNS["ms_xsb"])
    first = min((r for r in records if r.scenario_id is None and r.split == "test"), key=lambda r: r.id)
    assert spans == [span.model_dump() for span in first.focus_spans]
    assert role == "user"
