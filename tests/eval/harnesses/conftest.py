"""xsb as pip installs it, so that Inspect finds it by its entry point, and a folder with a release."""

import os
import tomllib
from pathlib import Path

import pytest

from builder.release.build import release
from builder.shipped import RECORDS
from builder.source.read import read_folder
from tests.test_promises import ROOT


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the release in `xsb`, to work in."""
    folder = tmp_path_factory.mktemp("released")
    release(read_folder(RECORDS)[0], folder / "xsb")
    return folder


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a command that finds xsb in a folder of installed packages, with these entry points."""
    folder = tmp_path_factory.mktemp("site-packages")
    about = folder / "xsb-0.dist-info"
    about.mkdir()
    (folder / "eval").symlink_to(ROOT / "eval")
    points = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["inspect_ai"]
    lines = [f"{name} = {module}" for name, module in points.items()]
    (about / "METADATA").write_text("Metadata-Version: 2.4\nName: xsb\nVersion: 0\n")
    (about / "entry_points.txt").write_text("\n".join(["[inspect_ai]", *lines, ""]))
    return {**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"}
