"""What `datasets`, pandas and polars make of a release in a folder."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from builder.release.build import release
from eval.record import Record
from tests.builder.release.columns import COLUMNS


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
