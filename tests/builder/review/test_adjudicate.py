"""Adjudication as people do it, lines through a pipe."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from builder.cli import app
from builder.review.opinion import add_opinion, applied, read_opinions, settle
from tests.builder.candidates import DIALOGUE, SAFE, edit, opinion, write

DEEPER = "How far should I drill for a wall plug of eight millimetres?"


def adjudicate(folder: Path, *lines: str, reviewer: str = "zoe") -> str:
    write(folder / "s.jsonl", [SAFE, DIALOGUE])
    where = [str(folder / "s.jsonl"), "--reviews", str(folder / "reviews")]
    done = CliRunner().invoke(
        app, ["adjudicate", *where, "--reviewer", reviewer], input="".join(f"{x}\n" for x in lines)
    )
    assert done.exit_code == 0, done
    return done.stdout


@pytest.fixture
def conflict(tmp_path: Path) -> Path:
    """Anna edits, bert wants it as it came, carla rejects it; of the dialogue, nobody disagrees."""
    wish = edit(SAFE, prompt=DEEPER)
    rows = [
        opinion(SAFE, "anna", "edit", wish, day=1), opinion(SAFE, "carla", "reject", day=2, comment="dull"),
        opinion(applied(SAFE, wish), "bert", "edit", edit(SAFE), day=3), opinion(DIALOGUE, "anna", "accept"),
        opinion(DIALOGUE, "bert", "accept"),
    ]  # fmt: skip
    for row in rows:
        add_opinion(tmp_path / "reviews", row)
    return tmp_path


@pytest.mark.parametrize(
    ("answer", "state", "prompt"),
    [("1", "accepted", SAFE.prompt), ("2", "accepted", DEEPER), ("r", "rejected", None)],
)
def test_adjudicate(conflict: Path, answer: str, state: str, prompt: str | None) -> None:
    out = adjudicate(conflict, answer, "so be it")
    assert out.endswith("1 settled, 0 left in conflict\n")
    found = read_opinions(conflict / "reviews")
    settled = settle(SAFE, found, 2)
    assert settled.state == state and (prompt is None or settled.candidate.prompt == prompt)
    assert (found.adjudicated["c-1"].by, found.adjudicated["c-1"].comment) == ("zoe", "so be it")
    assert settle(DIALOGUE, found, 2).state == "accepted"


def test_the_adjudicator_sees_who_wants_what(conflict: Path) -> None:
    out = adjudicate(conflict, "k")
    flat = " ".join(out.replace("│", " ").split())
    assert "wanted by bert anna" in flat and "rejected by: carla" in flat
    assert "carla (human) decided: reject: dull" in out and out.endswith("0 settled, 1 left in conflict\n")
    assert "anna (human) decided: edit: for a reason (is still to be asked about the last version)" in flat
    assert "better let somebody else" not in out
    assert "bert is one of those who disagree; better let somebody else decide" in " ".join(
        adjudicate(conflict, "q", reviewer="bert").split()
    )


def test_no_version_stands_that_is_no_record(conflict: Path) -> None:
    add_opinion(conflict / "reviews", opinion(SAFE, "dora", "edit", edit(SAFE, focus=["saw"]), day=4))
    out = adjudicate(conflict, "3", "1", "")
    assert "version 3 cannot become a record: focus 'saw' does not stand" in " ".join(out.split())
    assert read_opinions(conflict / "reviews").adjudicated["c-1"].decision == "accept"
