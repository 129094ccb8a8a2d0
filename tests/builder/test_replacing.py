"""Files are replaced whole or not at all."""

from pathlib import Path

import pytest

from builder.replacing import replacing


def test_a_file_is_replaced_at_the_end(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_text("old")
    with replacing(file) as target:
        target.write(b"new")
        assert file.read_text() == "old"
    assert file.read_text() == "new" and list(tmp_path.iterdir()) == [file]


def test_an_error_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_text("old")
    with pytest.raises(KeyError), replacing(file) as target:
        target.write(b"new")
        raise KeyError
    assert file.read_text() == "old" and list(tmp_path.iterdir()) == [file]
