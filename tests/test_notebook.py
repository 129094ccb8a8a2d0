"""docs/notebook.ipynb: its stored outputs are of its code, and a real kernel gets the same story today."""

from base64 import b64decode
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from nbformat import NotebookNode

from tests.notebook import executed, of_code, stored


def put_out(cell: NotebookNode) -> str:
    """The text of a cell's outputs."""
    texts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    return "".join("".join(text) for text in texts)


def pictures(notebook: NotebookNode) -> list[bytes]:
    data = [o.get("data", {}) for cell in notebook.cells if cell.cell_type == "code" for o in cell.outputs]
    return [b64decode(one["image/png"]) for one in data if "image/png" in one]


def check(notebook: NotebookNode, folder: Path) -> None:
    """The story: refused, because of kill; a rewrite helps; the guard holds; plots that show something."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert 9 <= len(cells) <= 12
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not [o for cell in cells for o in cell.outputs if o.output_type == "error" or o.get("name") == "stderr"]
    told = {line: put_out(cell) for cell in cells for line in cell.source.splitlines()}
    assert 'Refused because of "kill".' in told["found"]
    tried = next(text for line, text in told.items() if "for name in" in line)
    assert all(f"{name}: " in tried for name in ("ignore_word", "rephrase", "steer")) and "ANSWERED" in tried
    assert "REFUSED" in next(text for line, text in told.items() if line.startswith("print(mitigate(model, HARMFUL"))
    figures = next(text for line, text in told.items() if "for row in figures" in line).splitlines()
    assert [line.split()[0] for line in figures] == ["none", "steer", "guard+steer"]
    assert all("of 12 safe" in line and "of 12 unsafe" in line for line in figures)
    shown = pictures(notebook)
    assert len(shown) == 3
    for at, picture in enumerate(shown):
        file = folder / f"{at}.png"
        file.write_bytes(picture)
        assert np.unique(matplotlib.image.imread(file).reshape(-1, 4), axis=0).shape[0] > 20


def test_what_is_stored_is_what_the_code_put_out(tmp_path: Path) -> None:
    notebook = stored()
    check(notebook, tmp_path)
    assert notebook.metadata["of_code"] == of_code(notebook), "code changed: python -m tests.notebook"


@pytest.mark.skittish
def test_a_kernel_runs_it(tmp_path: Path) -> None:
    notebook = executed(tmp_path)
    check(notebook, tmp_path)
    assert [cell.source for cell in notebook.cells] == [cell.source for cell in stored().cells]
