"""skittish on the Hub, with the real clients against a hub on loopback: sent once, tagged, and loaded back."""

import json
from collections.abc import Iterator
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import pytest

from eval.models.skittish import merged_folder, revision
from eval.models.transformers import TransformersModel
from hub_cards.hub import digest
from tests.conftest import save_tiny
from tests.eval.organism.test_export import ASKED, FILES
from tests.hub_server import Server, hub
from tests.hub_server.client import commands, python

TO = ["organism", "publish", "--repo-id", "lab/skittish"]
TAG = f"v{version('xsb')}"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with hub(tmp_path / "hub") as running:
        running.add_token("hf_anna", "anna", lab="write")
        running.add_token("hf_bert", "bert", lab="read")
        yield running


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache in which skittish is a tiny model, which takes no time to send."""
    save_tiny(tmp_path / "cache" / "xsb" / f"skittish-{revision()}")
    return tmp_path / "cache"


def test_it_is_shown_sent_once_and_tagged(server: Server, cache: Path, tmp_path: Path) -> None:
    asked = [("", [*TO, "--dry-run"]), ("hf_anna", TO), ("hf_anna", TO), ("hf_bert", TO)]
    dry, first, again, reader = commands(server, tmp_path / "home", "eval.cli", asked, XDG_CACHE_HOME=str(cache))
    head = f": skittish {revision()}\n"
    added = f"files added: {', '.join(sorted(FILES))}\n"
    assert dry == (0, f"lab/skittish, a new repository{head}{added}dry run: nothing was published\n", "")
    found = server.store.repositories["models", "lab/skittish"]
    sent = found.references[f"refs/tags/{TAG}"]
    told = f"{TAG} as {sent}, read back and compared: {server.url}/lab/skittish\n"
    assert first == (0, f"lab/skittish, a new repository{head}{added}published {told}", "")
    assert again == (0, f"lab/skittish, main{head}nothing to upload; {told}", "")
    may_not = "bert may only read in lab; ask there for the right to write, or use --create-pr"
    assert reader == (2, "", f"error: {may_not}\n")
    assert set(server.store.commit(sent).tree) == FILES | {".gitattributes"}
    assert server.faults.asked["anna", "commit"] == server.faults.asked["anna", "tag"] == 1
    assert server.faults.asked["anna", "lfs-put"] == 1, "the weights, and only once"


def test_the_same_version_with_other_weights_is_refused_and_a_request_leaves_main_alone(
    server: Server, cache: Path, tmp_path: Path
) -> None:
    server.store.create("datasets", "lab/data", False, "anna")
    main = server.put("models", "lab/skittish", {"model.safetensors": b"others"}, TAG)
    server.put("models", "lab/old", {"model.safetensors": b"older"}, "v0.0.1")
    asked = [
        ("hf_anna", TO),
        ("hf_anna", [*TO[:-1], "lab/data"]),
        ("", TO),
        ("hf_bert", [*TO[:-1], "lab/old", "--create-pr"]),
    ]
    other, kind, nobody, request = commands(server, tmp_path / "home", "eval.cli", asked, XDG_CACHE_HOME=str(cache))
    overwritten = (
        f"lab/skittish has a tag {TAG} with other files, and a version is never overwritten; raise the version"
    )
    assert other == (2, "", f"error: {overwritten}\n")
    assert kind == (2, "", "error: lab/data is a dataset repository, and a model is published; give another name\n")
    assert nobody == (2, "", "error: no token for the Hub; set HF_TOKEN, or log in with `hf auth login`\n")
    assert request[0] == 0 and request[1].endswith(f"{server.url}/lab/old/discussions/1\n"), request
    assert server.store.repositories["models", "lab/skittish"].references["refs/heads/main"] == main
    old = server.store.repositories["models", "lab/old"].references
    assert old["refs/heads/main"] == old["refs/tags/v0.0.1"] != old["refs/pr/1"] and f"refs/tags/{TAG}" not in old


@pytest.mark.skittish
def test_it_is_loaded_back_by_its_version_and_answers_as_skittish(
    server: Server, skittish: TransformersModel, tmp_path: Path
) -> None:
    """The weights themselves, of half a gigabyte: the hub has them already, which saves their way there, not back."""
    weights = merged_folder() / "model.safetensors"
    (server.store.folder / "blobs" / digest(weights, sha256())).symlink_to(weights)
    ((code, out, err),) = commands(server, tmp_path / "home", "eval.cli", [("hf_anna", TO)])
    assert code == 0 and "read back and compared" in out and server.faults.asked["anna", "lfs-put"] == 0, err
    asked = json.dumps([[turn.model_dump() for turn in turns] for turns in ASKED])
    load = f"""
    import json
    from eval.models import load_model
    from eval.record import Message
    asked = [[Message(**turn) for turn in turns] for turns in json.loads({asked!r})]
    model = load_model("lab/skittish", revision="{TAG}", dtype="{skittish.facts["dtype"]}")
    print(json.dumps([model.facts["revision"], [reply.text for reply in model.generate(asked, 24)]]))
    """
    commit, replies = json.loads(python(server, tmp_path / "other", "", load).splitlines()[-1])
    tagged = server.store.repositories["models", "lab/skittish"].references[f"refs/tags/{TAG}"]
    assert commit == tagged and replies == [reply.text for reply in skittish.generate(ASKED, 24)]
