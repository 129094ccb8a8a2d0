"""What the first step of the walk made."""

import shutil
from pathlib import Path

import pytest

from builder.candidate import Candidate
from eval.jsonl import read
from tests.walk import Step


@pytest.fixture(scope="module")
def made(walked: tuple[Path, list[Step]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder."""
    folder = tmp_path_factory.mktemp("made")
    for name in ("generated.jsonl", "generated.calls.jsonl"):
        shutil.copy(walked[0] / name, folder)
    return folder


@pytest.fixture(scope="session")
def candidates(walked: tuple[Path, list[Step]]) -> list[Candidate]:
    return list(read(walked[0] / "generated.jsonl", Candidate))
