"""Answers on a real terminal: a text is changed in place, and Ctrl-C ends a review."""

import os
import pty
import re
import select
import subprocess
import sys
from pathlib import Path

from builder.review.opinion import read_opinions
from builder.shipped import RECORDS
from tests.builder.candidates import DIALOGUE, SAFE, edit, write


def test_on_a_terminal_a_text_is_changed_in_place_and_ctrl_c_ends_it_well(tmp_path: Path) -> None:
    write(tmp_path / "s.jsonl", [SAFE, DIALOGUE])
    parent, child = pty.openpty()
    where = [str(tmp_path / "s.jsonl"), "--reviews", str(tmp_path / "reviews")]
    command = [sys.executable, "-m", "builder.cli", "review", *where, "--reviewer", "anna"]
    environment = {**os.environ, "TERM": "xterm", "INPUTRC": "/dev/null", "COLUMNS": "100"}
    process = subprocess.Popen(
        command, cwd=RECORDS.parents[1], env=environment, stdin=child, stdout=child,
        stderr=child, start_new_session=True, preexec_fn=terminal_of_its_own,
    )  # fmt: skip
    os.close(child)
    typed = [
        ("label", "s\r"), ("> ", "5\r"), ("naturalness", "5\r"), ("decision", "e\r"),
        ("millimetres?", "\x7f, please?\r"), ("(s):", "\r"), ("> drill", "\r"), ("> dig", "\r"), ("> A wall", "\r"),
        ("comment", "\r"), ("2 of 2", "\x03"),
    ]  # fmt: skip
    for awaited, keys in typed:
        until(parent, awaited)
        os.write(parent, keys.encode())
    shown = until(parent, "left")
    assert "1 reviewed, 1 left" in shown and process.wait(timeout=20) == 0
    os.close(parent)
    wish = edit(SAFE, prompt=SAFE.prompt.replace("?", ", please?"))
    assert read_opinions(tmp_path / "reviews").of["c-1"][0].edited == wish


def terminal_of_its_own() -> None:
    """Make the pseudo-terminal the one that Ctrl-C comes from."""
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def until(terminal: int, awaited: str) -> str:
    """What is shown until the awaited text has been."""
    shown = ""
    while awaited not in shown:
        assert select.select([terminal], [], [], 30)[0], f"{awaited!r} is not in {shown!r}"
        shown = re.sub("\x1b\\[[0-9;]*[A-Za-z]", "", shown + os.read(terminal, 4096).decode(errors="replace"))
    return shown
