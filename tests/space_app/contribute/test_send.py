"""Pull requests with records, on the hub of the tests, by the real client in a process of its own."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from builder.contribute.beside import beside
from builder.shipped import RECORDS
from space_app.contribute.draft import Draft, compact
from tests.builder.contribute.clone import Clone
from tests.hub_server import Server, hub
from tests.hub_server.client import commands, python
from tests.space_app.contribute.drafts import PROMPT, SCENARIO

SEND = """
    import json
    from builder.contribute.beside import beside
    from builder.shipped import RECORDS
    from eval.errors import XsbError
    from hub_cards.errors import HubError
    from hub_cards.hub import Repository
    from space_app.contribute.draft import read_draft
    from space_app.contribute.send import send
    for token, repo, draft in {asked}:
        try:
            print(json.dumps(vars(send(read_draft(draft), beside(RECORDS), Repository(repo, token=token)))))
        except (XsbError, HubError) as error:
            print(json.dumps(str(error)))
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with hub(tmp_path / "hub") as running:
        running.add_token("hf_bert", "bert")
        running.add_token("hf_anna", "anna")
        running.add_token("hf_read", "carl", role="read")
        running.put("datasets", "lab/xsb", {"README.md": b"x", "records/ms_xsb/old-name.yaml": b"x"})
        yield running


def sent(server: Server, home: Path, *asked: tuple[str, str, Draft]) -> list[Any]:
    """What became of each; a token, a repository and a draft."""
    rows = [(token, repo, compact(draft)) for token, repo, draft in asked]
    out = python(server, home, "", SEND.format(asked=json.dumps(rows)))
    return [json.loads(line) for line in out.splitlines()]


def test_pull_requests_by_several_people_that_check_pr_accepts(server: Server, tmp_path: Path) -> None:
    other = PROMPT.model_copy(
        update={"texts": tuple(t.model_copy(update={"prompt": f"{t.prompt} Please."}) for t in PROMPT.texts)}
    )
    first, again, second, dialogue, taken, stolen, broken, read, nowhere = sent(
        server, tmp_path / "home",
        ("hf_bert", "lab/xsb", PROMPT), ("hf_bert", "lab/xsb", PROMPT), ("hf_anna", "lab/xsb", other),
        ("hf_anna", "lab/xsb", SCENARIO), ("hf_bert", "lab/xsb", SCENARIO.model_copy(update={"name": "old-name"})),
        ("hf_bert", "lab/xsb", SCENARIO.model_copy(update={"texts": SCENARIO.texts[::-1]})),
        ("hf_bert", "lab/xsb", Draft()), ("hf_read", "lab/xsb", PROMPT), ("hf_bert", "lab/none", PROMPT),
    )  # fmt: skip
    repository = server.store.repositories["datasets", "lab/xsb"]
    number = beside(RECORDS).free_number("safe_targets")
    assert (first["new"], again["new"]) == (True, False) and again["url"] == first["url"]
    assert first["url"] == f"{server.url}/datasets/lab/xsb/discussions/1"
    titles = [opened.title.partition(" (")[0] for opened in repository.discussions]
    assert titles == [f"Add safe_targets-{number:03d}", f"Add safe_targets-{number + 1:03d}", "Add flour-shift"]
    assert [opened.author for opened in repository.discussions] == ["bert", "anna", "anna"]
    assert second["new"] and dialogue["new"]
    said = repository.discussions[0].events[0].data["latest"]["raw"]
    assert "CC-BY-4.0" in said and "no human has reviewed it" in said
    assert "old-name is there already on the Hub" in taken and "another pull request adds flour-shift" in stolen
    assert broken.startswith("a rule is broken") and "may only read" in read and "the Hub has no lab/none" in nowhere
    server.add_token("hf_lab", "lab")
    check = ["check-pr", "--repo-id", "lab/xsb", "1", "--records", str(Clone(tmp_path / "clone").records)]
    assert commands(server, tmp_path / "home", "builder.cli", [("hf_lab", check)]) == [
        (0, "2 records changed, no problems; a comment there says so\n", "")
    ]
