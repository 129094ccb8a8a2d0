"""The hub of the tests, asked by the real clients: what they upload comes back, by every way that they know."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub_server import Server, hub
from tests.hub_server.client import python

UPLOAD = """
    from pathlib import Path
    import pyarrow as pa, pyarrow.parquet as pq
    from huggingface_hub import HfApi
    for name, rows in (("test", 3), ("dev", 2)):
        Path("data/one").mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table({"id": list(range(rows)), "text": ["long enough"] * rows}), f"data/one/{name}.parquet")
    splits = "".join(f"  - split: {name}\\n    path: one/{name}.parquet\\n" for name in ("test", "dev"))
    Path("data/README.md").write_text(
        f"---\\nlicense: cc-by-4.0\\nconfigs:\\n- config_name: one\\n  data_files:\\n{splits}---\\n# A card\\n")
    api = HfApi()
    api.create_repo("lab/words", repo_type="dataset")
    first = api.upload_folder(repo_id="lab/words", folder_path="data", repo_type="dataset")
    api.create_tag("lab/words", tag="v1", repo_type="dataset")
    Path("data/one/dev.parquet").write_bytes(Path("data/one/test.parquet").read_bytes())
    second = api.upload_folder(repo_id="lab/words", folder_path="data", repo_type="dataset", create_pr=True)
    again = api.upload_folder(repo_id="lab/words", folder_path="data", repo_type="dataset", revision="refs/pr/1")
    api.comment_discussion("lab/words", 1, "wrong", repo_type="dataset")
    said = api.get_discussion_details("lab/words", 1, repo_type="dataset").events[-1]
    api.edit_discussion_comment("lab/words", 1, said.id, "right", repo_type="dataset")
    print(second.pr_url.removeprefix(api.endpoint), second.pr_num, again.oid == second.oid)
    print([e.content for e in api.get_discussion_details("lab/words", 1, repo_type="dataset").events
           if e.type == "comment"][-1], [c.title for c in api.list_repo_commits("lab/words", repo_type="dataset")])
"""
LOAD = """
    import fsspec, pandas, polars
    from datasets import load_dataset
    from huggingface_hub import HfApi, HfFileSystem
    rows = lambda **how: {name: split.num_rows for name, split in load_dataset("lab/words", "one", **how).items()}
    print(rows(), rows(revision="v1"), rows(revision="refs/pr/1"))
    streamed = load_dataset("lab/words", split="dev", streaming=True, revision="v1")
    print([row["id"] for row in streamed])
    files = HfFileSystem(skip_instance_cache=True)
    print(sorted(files.ls("datasets/lab/words/one", detail=False)), files.exists("datasets/lab/words/nothing"))
    print(files.read_block("datasets/lab/words/README.md", 4, 7).decode())
    print(len(pandas.read_parquet("hf://datasets/lab/words@v1/one/dev.parquet")),
          polars.read_parquet(fsspec.open("hf://datasets/lab/words/one/test.parquet").open()).height)
    HfApi().merge_pull_request("lab/words", 1, repo_type="dataset")
    print(rows(download_mode="force_redownload"))
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with hub(tmp_path / "hub") as running:
        running.add_token("hf_anna", "anna", lab="write")
        running.add_token("hf_reader", "anna", role="read", lab="write")
        running.add_token("hf_bert", "bert")
        yield running


def test_what_clients_upload_comes_back_by_every_way(server: Server, tmp_path: Path) -> None:
    told = python(server, tmp_path / "home", "hf_anna", UPLOAD).splitlines()
    assert told == [
        "/datasets/lab/words/discussions/1 1 True",
        "right ['Upload folder using huggingface_hub', 'initial commit']",
    ]
    told = python(server, tmp_path / "other", "hf_anna", LOAD).splitlines()
    counts = ({"test": 3, "dev": 2}, {"test": 3, "dev": 2}, {"test": 3, "dev": 3})
    files = "['datasets/lab/words/one/dev.parquet', 'datasets/lab/words/one/test.parquet'] False"
    assert told == [" ".join(map(str, counts)), "[0, 1]", files, "license", "2 3", str(counts[2])]
    blobs = {file.name for file in (tmp_path / "hub" / "blobs").iterdir()}
    assert server.store.commit(server.store.repositories["datasets", "lab/words"].references["refs/pr/1"])
    assert all(len(name) == 64 for name in blobs)


def test_rights_and_visibility(server: Server, tmp_path: Path) -> None:
    asked = """
        from functools import partial
        from huggingface_hub import HfApi
        from huggingface_hub.errors import HfHubHTTPError
        api = HfApi()
        send = partial(api.upload_file, path_in_repo="x.txt")
        for ask in (
            lambda: api.whoami()["auth"]["accessToken"]["role"],
            lambda: api.create_repo("lab/secret", private=True, exist_ok=True).repo_id,
            lambda: api.repo_info("lab/secret").id,
            lambda: send(path_or_fileobj=b"x", repo_id="lab/secret") and "sent",
            lambda: send(path_or_fileobj=b"x", repo_id="lab/open", create_pr=True).pr_num,
            lambda: send(path_or_fileobj=b"y", repo_id="lab/open", revision="refs/pr/1") and "sent",
        ):
            try:
                print(ask())
            except HfHubHTTPError as error:
                print(error.response.status_code)
    """
    server.store.create("models", "lab/open", False, "anna")

    def told(token: str) -> list[str]:
        return python(server, tmp_path / (token or "none"), token, asked).split()

    assert told("hf_anna") == ["write", "lab/secret", "lab/secret", "sent", "1", "sent"]
    assert told("hf_reader") == ["read", "lab/secret", "lab/secret", "403", "403", "403"]  # it exists
    assert told("hf_bert") == ["write", "403", "404", "404", "2", "403"]  # the request is anna's
    assert told("hf_wrong") == ["401"] * 6


def test_faults_come_when_and_as_often_as_told(server: Server, tmp_path: Path) -> None:
    asked = """
        from huggingface_hub import HfApi
        for _ in range(3):
            try:
                print(HfApi().whoami()["name"])
            except Exception as error:
                print(type(error).__name__)
    """
    for fault, kind in (("500", "HfHubHTTPError"), ("reset", "ReadError"), ("truncated", "RemoteProtocolError")):
        server.fail("anna", "whoami", fault, times=2)  # type: ignore[arg-type]
        assert python(server, tmp_path / "home", "hf_anna", asked).split() == [kind, kind, "anna"]
    server.fail("anna", "create", "lost")
    made = "from huggingface_hub import HfApi; HfApi().create_repo('lab/lost')"
    with pytest.raises(AssertionError, match="ReadError"):
        python(server, tmp_path / "home", "hf_anna", made)
    assert ("models", "lab/lost") in server.store.repositories
