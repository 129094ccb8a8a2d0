import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import free_port, wait_for


@pytest.fixture(scope="module")
def page() -> Iterator[str]:
    """The page in a process of its own, since building it leaves event loops open in this one."""
    port = free_port()
    command = [str(Path(sys.executable).parent / "xsb-space"), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(url, process)
        yield url
    finally:
        process.terminate()
        process.communicate(timeout=20)


def test_a_port_in_use_is_one_line(page: str) -> None:
    port = page.rsplit(":", 1)[1]
    done = subprocess.run(
        [str(Path(sys.executable).parent / "xsb-space"), "--port", port], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "choose another with --port" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
