"""xsb-build publish with the real clients against a hub on loopback: what it shows, sends, refuses and reads back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.release.build import FILES, release
from builder.release.check import read_release
from builder.release.read_back import load_back
from eval.errors import XsbError
from eval.record import Record
from tests.hub_server import Server, hub
from tests.hub_server.client import commands

WRITE = "make one that may write, and set HF_TOKEN, or log in with `hf auth login`"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with hub(tmp_path / "hub") as running:
        running.add_token("hf_anna", "anna", lab="write")
        running.add_token("hf_reader", "anna", role="read", lab="write")
        running.add_token("hf_bert", "bert", lab="read")
        yield running


def files_of(server: Server, reference: str) -> set[str]:
    found = server.store.repositories["datasets", "lab/xsb"]
    return set(server.store.commit(found.references[reference]).tree) - {".gitattributes"}


def test_a_version_is_shown_sent_tagged_and_read_back(server: Server, few: list[Record], tmp_path: Path) -> None:
    folder = release(few, tmp_path / "xsb")
    to = ["publish", str(folder), "--repo-id", "lab/xsb"]
    dry, first, again = commands(
        server, tmp_path / "home", "builder.cli", [("", [*to, "--dry-run"]), ("hf_anna", to), ("", [*to, "--dry-run"])]
    )
    assert dry[0] == 0 and dry[1].startswith("lab/xsb, a new repository: Release 0.1.0\n")
    assert dry[1].endswith("dry run: nothing was published\n") and "homonyms" in dry[1]
    assert first[0] == 0, first
    found = server.store.repositories["datasets", "lab/xsb"]
    sent = found.references["refs/tags/v0.1.0"]
    assert f"published version 0.1.0 as {sent}, read back and compared: {server.url}/datasets/lab/xsb\n" in first[1]
    assert files_of(server, "refs/heads/main") == FILES and [commit.title for commit in server.store.history(sent)] == [
        "Release 0.1.0",
        "initial commit",
    ]
    assert again[0] == 0 and again[1].startswith("lab/xsb, main: Release 0.1.0\nfiles unchanged: 8\ndry run")
    assert server.faults.asked["anna", "commit"] == server.faults.asked["anna", "tag"] == 1

    # The next version: a record in other words, one less; the card's lines.
    homonyms = [r for r in few if r.type == "homonyms" and r.split == "dev" and not r.scenario_id]
    pair = {r.id for r in homonyms if r.pair_id == homonyms[0].pair_id}
    changed = [r.model_copy(update={"why": "Another reason.", "version": "0.2.0"}) if r.id == homonyms[-1].id else r
               for r in few if r.id not in pair]  # fmt: skip
    release(changed, folder)
    dry, request = commands(
        server, tmp_path / "home", "builder.cli", [("", [*to, "--dry-run"]), ("hf_anna", [*to, "--create-pr"])]
    )
    cells = next(line for line in dry[1].splitlines() if "homonyms" in line).replace("│", " ").split()
    assert cells == ["xsb", "homonyms", "0", "1", str(len(pair))]
    assert "files changed: README.md, build_report.json, croissant.json, xsb/dev.parquet\n" in dry[1]
    assert "\n-  description: version 0.1.0" in dry[1] and "\n+  description: version 0.2.0" in dry[1]
    assert request[0] == 0 and request[1].endswith("/datasets/lab/xsb/discussions/1\n"), request
    assert found.references["refs/heads/main"] == sent and "refs/tags/v0.2.0" not in found.references


def test_what_is_refused_is_told_in_one_line_and_changes_nothing(
    server: Server, few: list[Record], tmp_path: Path
) -> None:
    folder = release(few, tmp_path / "xsb")
    server.store.create("models", "lab/model", False, "anna")
    tagged = server.store.create("datasets", "lab/xsb", False, "anna")
    tagged.references["refs/tags/v0.1.0"] = tagged.references["refs/heads/main"]
    (tmp_path / "large").mkdir()
    with (tmp_path / "large" / "model.bin").open("wb") as file:
        file.truncate(2_000_000_000)
    numbered = [record.model_copy(update={"version": "1.0.0"}) for record in few]
    files = read_release(release(numbered, tmp_path / "first")).files
    server.put("datasets", "lab/frozen", {path: file.read_bytes() for path, file in files.items()}, "v1.0.0")
    at = next(at for at, record in enumerate(numbered) if record.split == "test" and record.scenario_id is None)
    numbered[at] = numbered[at].model_copy(update={"why": "Another reason.", "version": "1.1.0"})
    frozen = release(numbered, tmp_path / "frozen")
    before = dict(tagged.references)
    cases = {
        ("", "lab/xsb"): "no token for the Hub; set HF_TOKEN, or log in with `hf auth login`",
        ("hf_secret", "lab/xsb"): f"the Hub does not accept the token; {WRITE}",
        ("hf_reader", "lab/xsb"): f"the token of anna may only read; {WRITE}",
        ("hf_bert", "lab/xsb"): "bert may only read in lab; ask there for the right to write, or use --create-pr",
        ("hf_anna", "club/xsb"): "anna is in no organisation 'club'; publish to: anna, lab",
        ("hf_anna", "lab/model"): "lab/model is a model repository, and a dataset is published; give another name",
        ("hf_anna", "xsb"): "'xsb' is no name of a repository; write it as OWNER/NAME",
        ("hf_anna", "lab/x sb"): "'lab/x sb' is no name of a repository; write it as OWNER/NAME",
        ("hf_anna", "lab/xsb"): "lab/xsb has a tag v0.1.0 with other files, and a version is never overwritten; "
        "raise the version",
    }
    lines = [(token, ["publish", str(folder), "--repo-id", name]) for token, name in cases]
    lines.append(("hf_anna", ["publish", str(tmp_path / "large"), "--repo-id", "lab/xsb"]))
    lines.append(("hf_anna", ["publish", str(frozen), "--repo-id", "lab/frozen"]))
    told = [
        *cases.values(),
        "2,000 MB are more than the 200 MB that are published at once; take out what does not belong there",
        "the test split of xsb in lab/frozen is of version 1.0.0 and would change; put new records in dev, or raise "
        "the major version",
    ]
    done = commands(server, tmp_path / "home", "builder.cli", lines)
    assert done == [(2, "", f"error: {line}\n") for line in told]
    (folder / "README.md").write_text("# My own card\n")
    line = ("hf_anna", ["publish", str(folder), "--repo-id", "lab/xsb"])
    for environment in ({}, {"HF_HUB_OFFLINE": "1"}):
        ((code, out, err),) = commands(server, tmp_path / "home", "builder.cli", [line], **environment)
        assert code == 2 and out.startswith("README.md does not say what build_report.json says")
        assert err == f"1 problem with the release in {folder}; nothing was published\n"
    assert tagged.references == before and server.faults.asked["anna", "create"] == 0


def test_a_hub_that_cannot_be_reached(server: Server, few: list[Record], tmp_path: Path) -> None:
    folder = release(few, tmp_path / "xsb")
    line = ("hf_anna", ["publish", str(folder), "--repo-id", "lab/xsb"])
    offline = "HF_HUB_OFFLINE keeps this machine from the Hub; unset it, and run the same command again"
    away = "http://127.0.0.1:9 cannot be reached; check the network and HF_ENDPOINT, and run the same command again"
    for told, environment in ((offline, {"HF_HUB_OFFLINE": "1"}), (away, {"HF_ENDPOINT": "http://127.0.0.1:9"})):
        done = commands(server, tmp_path / "home", "builder.cli", [line], **environment)
        assert done == [(2, "", f"error: {told}\n")]


def test_a_card_that_leads_to_other_rows_is_found_when_it_is_loaded(
    server: Server, few: list[Record], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every file is right, and yet users get other rows."""
    found = read_release(release(few, tmp_path / "xsb"))
    contents = {path: file.read_bytes() for path, file in found.files.items()}
    contents["README.md"] = contents["README.md"].replace(b"path: xsb/test.parquet", b"path: xsb/dev.parquet")
    revision = server.put("datasets", "lab/xsb", contents)
    for name, value in server.environment(tmp_path / "home").items():
        monkeypatch.setenv(name, value)
    with pytest.raises(XsbError, match=r"load_dataset gives other rows in xsb/test than the release has"):
        load_back("lab/xsb", revision, found.tables, tmp_path / "cache")
    with pytest.raises(XsbError, match=r"published as 0{12}, but load_dataset does not load it: .*run the same"):
        load_back("lab/xsb", "0" * 40, found.tables, tmp_path / "cache")
