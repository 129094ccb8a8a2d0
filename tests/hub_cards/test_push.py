"""Publishing, with the real client against a hub on loopback: every fault at every request, and what is never done."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hub_cards.fault_table import ASKED, Cell, markdown
from tests.hub_server import hub
from tests.hub_server.client import python
from tests.test_promises import ROOT

PUBLISH = """
    import sys
    from pathlib import Path
    from hub_cards.errors import HubError
    from hub_cards.hub import Repository
    from hub_cards.plan import plan
    from hub_cards.push import check_back, publish
    files = {path.name: path for path in Path("files").iterdir()}
    def go(**how):
        try:
            planned = plan(files, Repository("lab/data"), "Version 1", **how)
            done = publish(planned)
            print(done.sent, done.url.rpartition("/data")[2], planned.added, planned.changed)
        except HubError as error:
            print(error)
"""


@pytest.fixture(scope="module")
def cells() -> list[Cell]:
    command = [sys.executable, "-m", "tests.hub_cards.fault_table", "--json"]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [Cell(*row) for row in json.loads(done.stdout)]


def test_after_any_fault_there_is_the_old_version_or_the_new_one(cells: list[Cell]) -> None:
    assert len(cells) == len(ASKED)
    assert [cell for cell in cells if cell.held not in ("old", "new")] == []
    assert [cell for cell in cells if not cell.message and cell.held != "new"] == []


def test_the_same_command_again_completes(cells: list[Cell]) -> None:
    assert [cell for cell in cells if cell.again or cell.ended != "new"] == []
    assert [cell for cell in cells if cell.once and cell.message] == [], "what comes once is got over"


def test_every_message_is_one_line_that_says_what_to_do_and_shows_no_token(cells: list[Cell]) -> None:
    for cell in cells:
        told = cell.message
        assert "\n" not in told and "hf_secret" not in told and len(told) < 250, told
        assert not told or any(word in told for word in ("run the same command again", "set HF_TOKEN", "use one")), told


def test_the_docs_have_the_table_that_was_measured(cells: list[Cell]) -> None:
    assert markdown(cells) in (ROOT / "docs" / "publishing.md").read_text(encoding="utf-8")


def test_what_is_there_is_not_sent_and_a_tag_not_moved(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "data.parquet").write_bytes(b"one")
    with hub(tmp_path / "hub") as server:
        server.add_token("hf_anna", "anna", lab="write")

        def told(code: str, token: str = "hf_anna") -> list[str]:
            return python(server, tmp_path / "home", token, PUBLISH + code).splitlines()

        twice = "go(tag='v1'); go(tag='v1')"
        assert told(f"    {twice}") == ["True  ('data.parquet',) ()", "False  () ()"]
        found = server.store.repositories["datasets", "lab/data"]
        first = dict(found.references)
        assert first["refs/tags/v1"] == first["refs/heads/main"]
        assert server.faults.asked["anna", "commit"] == 1
        (tmp_path / "files" / "data.parquet").write_bytes(b"two")
        (other,) = told("    go(tag='v1')")
        assert other == "lab/data has a tag v1 with other files, and a version is never overwritten; raise the version"
        assert found.references == first
        request = told("    go(tag='v2', create_pr=True); go(tag='v2', create_pr=True)")
        assert request == ["True /discussions/1 () ('data.parquet',)", "False /discussions/1 () ()"]
        (tmp_path / "files" / "data.parquet").write_bytes(b"three")
        assert told("    go(tag='v2', create_pr=True)") == ["True /discussions/1 () ('data.parquet',)"]
        assert (
            found.references["refs/heads/main"] == first["refs/heads/main"] and "refs/tags/v2" not in found.references
        )


def test_somebody_else_was_faster(tmp_path: Path) -> None:
    """Their commit comes between the look and ours."""
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "data.parquet").write_bytes(b"one")
    with hub(tmp_path / "hub") as server:
        server.add_token("hf_anna", "anna", lab="write")
        server.store.create("datasets", "lab/data", False, "anna")
        between = """
    planned = plan(files, Repository("lab/data"), "Version 1", tag="v1")
    from huggingface_hub import HfApi
    HfApi().upload_file(path_or_fileobj=b"theirs", path_in_repo="a.txt", repo_id="lab/data", repo_type="dataset")
    try:
        publish(planned)
    except HubError as error:
        print(error)
    go(tag="v1")
    """
        first, again = python(server, tmp_path / "home", "hf_anna", PUBLISH + between).splitlines()
        assert first.startswith("lab/data was changed by somebody meanwhile; run the same command again")
        assert again == "True  ('data.parquet',) ()"
        found = server.store.repositories["datasets", "lab/data"]
        tree = server.store.commit(found.references["refs/tags/v1"]).tree
        assert set(tree) == {".gitattributes", "a.txt", "data.parquet"}


def test_what_came_back_changed_is_told(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "data.parquet").write_bytes(b"one")
    with hub(tmp_path / "hub") as server:
        server.add_token("hf_anna", "anna", lab="write")
        after = """
    planned = plan(files, Repository("lab/data"), "Version 1")
    done = publish(planned)
    (blob,) = [path for path in Path("hub/blobs").iterdir() if path.read_bytes() == b"one"]
    blob.write_bytes(b"eno")
    try:
        check_back(planned, done.revision, Path("cache"))
    except HubError as error:
        print(error)
    """
        (told,) = python(server, tmp_path / "home", "hf_anna", PUBLISH + after).splitlines()
        assert "data.parquet came back as something else" in told
