"""Croissant metadata, read by mlcroissant itself."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from builder.release.build import FILES, release
from eval.record import Record
from tests.builder.release.columns import COLUMNS


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
