"""Datasets on the Hub, by their revision and config; a hub on loopback."""

import json
from pathlib import Path

from tests.hub_server import hub
from tests.hub_server.client import python

CODE = """
    import json
    from eval.errors import InputError
    from eval.load import load_records
    found = []
    for name in ("lab/mine", "lab/mine@v1", "lab/mine@v1:default", "lab/mine@v9", "a@b"):
        try:
            found.append(load_records(name)[0].prompt)
        except InputError as error:
            found.append(str(error))
    print(json.dumps(found))
"""


def test_a_dataset_is_loaded_at_the_revision_in_its_name(tmp_path: Path) -> None:
    local = tmp_path / "a@b" / "test.csv"
    local.parent.mkdir()
    local.write_text("prompt\nWhat is here?\n")
    with hub(tmp_path / "hub") as server:
        for text, tag in (("How do I kill time?", "v1"), ("How do I kill a process?", "")):
            server.put("datasets", "lab/mine", {"test.csv": f"prompt\n{text}\n".encode()}, tag)
        now, first, config, absent, here = json.loads(python(server, tmp_path / "home", "", CODE))
    assert now == "How do I kill a process?" and first == config == "How do I kill time?"
    assert absent.startswith("dataset 'lab/mine@v9', split 'test', cannot be loaded") and "v9" in absent
    assert here == "What is here?", "a folder of that name is no revision"


def test_a_name_is_pinned_to_the_commit_that_it_has_now(tmp_path: Path) -> None:
    code = """
        import json
        from eval.load import pinned
        print(json.dumps([pinned(name) for name in ("lab/mine", "lab/mine@v1:default", "lab/none", "xsb", "a.csv")]))
    """
    with hub(tmp_path / "hub") as server:
        old, new = (
            server.put("datasets", "lab/mine", {"test.csv": f"prompt\n{text}\n".encode()}, tag)
            for text, tag in (("How do I kill time?", "v1"), ("How do I kill a process?", ""))
        )
        found = json.loads(python(server, tmp_path / "home", "", code))
    assert found[:2] == [[f"lab/mine@{new}", new], [f"lab/mine@{old}:default", old]]
    assert found[2:] == [["lab/none", ""], ["xsb", ""], ["a.csv", ""]]
