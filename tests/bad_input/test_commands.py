"""Every bad input of the tables gets one short line and no trace."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bad_input import on_build, on_eval, on_runs, on_space
from tests.bad_input.asking import LONGEST, NOISE, Bad, tell
from tests.bad_input.shelf import fill

ALL = [
    *on_eval.DIAGNOSE, *on_eval.RUN, *on_runs.HEATMAP, *on_runs.REPORTS, *on_runs.WATCH, *on_runs.OTHERS,
    *on_build.RECORDS_OF, *on_build.MAKING, *on_space.PEOPLE, *on_space.PUBLISHING, *on_space.SPACE,
]  # fmt: skip


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory, tiny_folder: Path) -> Path:
    """A folder with all bad files; what commands write there anyway stays for the next."""
    folder = tmp_path_factory.mktemp("shelf")
    fill(folder)
    (folder / "tiny").symlink_to(tiny_folder)
    return folder


@pytest.fixture(scope="module")
def taken() -> Iterator[str]:
    """A port on which somebody listens already."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield str(listening.getsockname()[1])


@pytest.mark.parametrize("bad", ALL, ids=lambda bad: ascii(bad.line))
def test_one_line_and_no_trace(
    bad: Bad, shelf: Path, taken: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = bad._replace(line=bad.line.replace("{taken}", taken), says=bad.says.replace("{taken}", taken))
    code, out, err = tell(bad, shelf, monkeypatch, capsys)
    assert code in (1, 2), (code, out, err)
    assert "Traceback" not in out + err
    lines = [line for line in err.splitlines() if not NOISE.search(line)]
    assert len(lines) == 1 and len(lines[0]) <= LONGEST, err
    assert bad.says in (out + err), (out, err)
    assert not [letter for letter in out + err if letter in "\x00\x1b\u202e"], "nothing that a terminal obeys"
