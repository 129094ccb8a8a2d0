"""Runs docs/notebook.ipynb. `python -m tests.notebook` stores it with what its cells put out."""

from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from tests.test_promises import ROOT

NOTEBOOK = ROOT / "docs" / "notebook.ipynb"
SECONDS = 600  # of a cell, on a machine that does other things too


def stored() -> NotebookNode:
    """The notebook as it lies in docs."""
    return nbformat.read(NOTEBOOK, as_version=4)


def of_code(notebook: NotebookNode) -> str:
    """Sixteen hexadecimal digits that change with any code of the notebook: which code its outputs are of."""
    code = "\0".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    return sha256(code.encode()).hexdigest()[:16]


def executed(folder: Path) -> NotebookNode:
    """The notebook after its code was run in a kernel whose working folder is `folder`; an error in it raises."""
    notebook = stored()
    NotebookClient(notebook, timeout=SECONDS, resources={"metadata": {"path": str(folder)}}).execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # when it ran, which is of no use to a reader
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]  # progress
    notebook.metadata["of_code"] = of_code(notebook)
    return notebook


if __name__ == "__main__":
    with TemporaryDirectory() as empty:
        nbformat.write(executed(Path(empty)), NOTEBOOK)
