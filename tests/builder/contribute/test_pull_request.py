"""check-pr, on a hub on loopback: the whole way of a contributor there, and the one comment."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.contribute.pull_request import LARGE, MARK, comment
from builder.source.read import Problem
from tests.builder.contribute.clone import HEAD, KILL, KILL_HIM, Clone
from tests.hub_server import Server, hub
from tests.hub_server.client import commands, python, run_client
from tests.hub_server.storage import Discussion
from tests.test_promises import ROOT

CHECK = (sys.executable, "-m", "builder.cli", "check-pr", "--repo-id", "lab/xsb")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with hub(tmp_path / "hub") as running:
        running.add_token("hf_carla", "carla", lab="write")
        running.add_token("hf_anna", "anna")
        running.store.create("datasets", "lab/xsb", False, "carla")
        yield running


def send(server: Server, home: Path, file: Path, *more: str) -> None:
    """What CONTRIBUTING tells contributors to type, for a file of prompts."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^ *\.venv/bin/hf (upload ORG/xsb .*)$", text, re.MULTILINE)
    _, repo_id, local, there, *options = line.split()
    words = [repo_id.replace("ORG", "lab"), str(file), f"records/xsb/{file.name}"]
    assert there == f"records/ms_xsb/{Path(local).name}"
    if more:
        options = [option for option in options if option != "--create-pr"]
    done = run_client(
        server, home, "hf_anna", str(Path(sys.executable).parent / "hf"), "upload", *words, *options, *more
    )
    assert done.returncode == 0, done.stderr


def check(server: Server, clone: Clone, home: Path, number: int = 1, token: str = "hf_carla") -> tuple[int, str, str]:
    done = run_client(server, home, token, *CHECK, str(number), "--records", str(clone.records))
    return done.returncode, done.stdout, done.stderr


def comments(opened: Discussion) -> list[str]:
    texts = [event.data["latest"]["raw"] for event in opened.events if event.type == "comment"]
    return [text for text in texts if text.startswith(MARK)]


def test_one_comment_names_everything_and_is_edited(server: Server, clone: Clone, tmp_path: Path) -> None:
    file, home = tmp_path / "homonyms-005.yaml", tmp_path / "home"
    odd = KILL.replace("dangerous word in", "odd word in").replace("split: dev", "split: test")
    file.write_text(HEAD + odd + KILL_HIM)
    send(server, home, file)
    (opened,) = server.store.repositories["datasets", "lab/xsb"].discussions
    code, out, err = check(server, clone, home)
    assert code == 2 and {line.split(":")[0] for line in out.splitlines()} == {"records/xsb/homonyms-005.yaml"}
    assert "new records begin in dev" in out and "unknown pattern 'odd word" in out
    assert err == f"{len(out.splitlines())} problems; a comment there says so\n"
    (said,) = comments(opened)
    assert all(line in said for line in out.splitlines())

    assert check(server, clone, home)[2].endswith("the comment there says so already\n")
    file.write_text(HEAD + KILL + KILL_HIM)
    send(server, home, file, "--revision", "refs/pr/1")
    code, out, err = check(server, clone, home)
    assert (code, err) == (0, "") and out == "2 records changed, no problems; the comment there was edited\n"
    (said,) = comments(opened)
    assert said.endswith("2 records changed, no problems.")
    assert not (clone.records / "xsb" / "homonyms-005.yaml").exists() and clone.git("status", "--porcelain") == ""


def test_what_a_contribution_may_not_do(server: Server, clone: Clone, tmp_path: Path) -> None:
    code = f"""
        from huggingface_hub import CommitOperationAdd, HfApi
        files = {{"README.md": b"mine", "records/xsb/deep/er.yaml": b"x", "records/xsb/large.yaml": b"#" * {LARGE + 1}}}
        operations = [CommitOperationAdd(path, content) for path, content in files.items()]
        HfApi().create_commit("lab/xsb", operations, commit_message="Mine", repo_type="dataset", create_pr=True)
    """
    python(server, tmp_path / "home", "hf_anna", code)
    status, out, _ = check(server, clone, tmp_path / "home")
    assert status == 2 and [line.split(":")[0] for line in out.splitlines()] == [
        "README.md", "records/xsb/deep/er.yaml", "records/xsb/large.yaml",
    ]  # fmt: skip
    assert out.count("a contribution changes records/xsb/NAME.yaml") == 2 and "1 MB are too much" in out


def test_what_cannot_be_checked_is_told_in_one_line(server: Server, clone: Clone, tmp_path: Path) -> None:
    home = tmp_path / "home"
    opened = (
        "from huggingface_hub import HfApi; HfApi().create_discussion('lab/xsb', 'A question', repo_type='dataset')"
    )
    python(server, home, "hf_anna", opened)
    cases = {
        ("1", "hf_carla"): "discussion 1 of lab/xsb is no pull request; give the number of an open pull request",
        ("7", "hf_carla"): "the Hub has no lab/xsb, or not for this token",
        ("1", ""): "no token for the Hub; set HF_TOKEN, or log in with `hf auth login`",
    }
    lines = [(token, [*CHECK[3:], number, "--records", str(clone.records)]) for number, token in cases]
    assert commands(server, home, "builder.cli", lines) == [(2, "", f"error: {told}\n") for told in cases.values()]


def test_a_lost_answer_makes_no_second_comment(server: Server, clone: Clone, tmp_path: Path) -> None:
    file = tmp_path / "homonyms-005.yaml"
    file.write_text(HEAD + KILL + KILL_HIM)
    send(server, tmp_path / "home", file)
    server.fail("carla", "comment", "lost", times=1)
    assert check(server, clone, tmp_path / "home")[0] == 0
    (opened,) = server.store.repositories["datasets", "lab/xsb"].discussions
    assert len(comments(opened)) == 1


def test_texts_of_a_request_do_not_leave_their_fences() -> None:
    from builder.contribute.changes import Checked

    said = comment("c" * 40, Checked(1, [Problem("a.yaml", 1, "bad ```` [click](https://example.org)")]))
    fences = re.findall(r"^`+$", said, re.MULTILINE)
    assert fences == ["`````", "`````"]
