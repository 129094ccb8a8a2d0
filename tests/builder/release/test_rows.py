"""What is in the files of a release, against the records themselves."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from builder.schema import COLUMNS as MEANINGS
from eval.record import Record
from tests.builder.release.columns import COLUMNS


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


def test_every_column_has_a_meaning() -> None:
    assert {*COLUMNS["xsb"], *COLUMNS["ms_xsb"]} == set(MEANINGS)
