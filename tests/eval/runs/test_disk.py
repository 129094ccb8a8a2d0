"""A disk that fills: a few KB of memory as a file system, or a limit on the size of files where none can be mounted."""

import resource
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from eval.cli import app
from eval.errors import InputError
from eval.models.transformers import TransformersModel
from eval.runs.options import Options
from eval.runs.run import run
from eval.runs.sample import read_samples
from tests.eval.runs.worked import records, timeless

ROOM = 40 * 1024  # for the config and a chunk or two of samples


class Disk:
    """A folder that takes little until there is room."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        options = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(folder)]
        can = shutil.which("mount") is not None
        self.mounted = can and subprocess.run(options, capture_output=True, check=False).returncode == 0
        self.limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        if not self.mounted:
            resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, self.limits[1]))

    def make_room(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self.limits)
        if self.mounted:
            subprocess.run(["mount", "-o", "remount,size=64m", str(self.folder)], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    made = Disk(folder)
    yield made
    made.make_room()
    if made.mounted:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_run_on_a_full_disk_says_so_in_a_line_and_goes_on_once_there_is_room(
    tiny: TransformersModel, tiny_folder: Path, tmp_path: Path, request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("eval.runs.run.CHUNK", 24)
    asked = records(36)
    dataset = tmp_path / "rows.jsonl"
    dataset.write_text("".join(record.model_dump_json() + "\n" for record in asked))
    wanted = run(tiny, asked, tmp_path / "calm", Options(dataset=str(dataset), mitigations=["steer"], max_new_tokens=4))
    assert (tmp_path / "calm" / "samples.jsonl").stat().st_size > ROOM, "the disk must fill"
    disk: Disk = request.getfixturevalue("disk")
    command = [
        "run", "--dataset", str(dataset), "--model", str(tiny_folder), "--dtype", "float32", "--mitigations", "steer",
        "--max-new-tokens", "4", "--out", str(disk.folder / "run"),
    ]  # fmt: skip
    for _ in range(2):  # the second time there is no room either
        with pytest.raises(InputError, match=r"samples\.jsonl cannot be written .* make room, and the same") as error:
            app(command, standalone_mode=False)
        assert "\n" not in str(error.value)
    disk.make_room()
    app(command, standalone_mode=False)
    assert timeless(read_samples(disk.folder / "run" / "samples.jsonl")) == timeless(wanted)
    assert (disk.folder / "run" / "report.html").exists()
