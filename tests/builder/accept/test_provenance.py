"""What a record tells of how it came about."""

from pathlib import Path

import pytest

from builder.review.opinion import Adjudication, Opinions, applied
from builder.source.read import read_provenance
from tests.builder.accept.collection import added, run
from tests.builder.candidates import SAFE, edit, opinion


def test_provenance_tells_every_step(records: Path) -> None:
    wish = edit(SAFE, neutral=["bore"])
    rows = [
        opinion(SAFE, "anna", "edit", wish), opinion(SAFE, "bert", "reject", day=2, author_kind="model"),
    ]  # fmt: skip
    final = Adjudication(
        id="c-1", by="zoe", author_kind="human", date="2026-02-03T00:00:00+00:00", decision="edit", edit=wish
    )
    run(records, [SAFE], Opinions({"c-1": rows}, {"c-1": final}))
    steps = next(iter(read_provenance(records).values()))
    accepted = str(steps.pop("accepted"))
    assert accepted.startswith("20") and steps == {
        "candidate": "c-1",
        "version": applied(SAFE, wish).version,
        "generated": [
            "model: a-model", "endpoint: localhost:1", "date: 2026-01-01T00:00:00+00:00", "prompt revision: p1",
            "seed: 7", "round: 1",
        ],
        "annotated": ["an-annotator, llm, revision p2, 2026-01-02T00:00:00+00:00"],
        "screened": ["skittish, revision r1, full_refusal, refusal score 2.50 nats, 2026-01-03T00:00:00+00:00"],
        "reviewed": ["anna, human, edit, 2026-02-01T00:00:00+00:00", "bert, model, reject, 2026-02-02T00:00:00+00:00"],
        "adjudicated": "zoe, human, edit, 2026-02-03T00:00:00+00:00",
    }  # fmt: skip
    assert added(records)["c-1"].neutral == ["bore"]


@pytest.mark.parametrize(("kind", "author"), [("human", "model+human"), ("model", "model")])
def test_who_the_author_is(records: Path, kind: str, author: str) -> None:
    rows = [
        opinion(SAFE, "anna", "edit", edit(SAFE, why="A wall feels nothing."), author_kind=kind),
        opinion(applied(SAFE, edit(SAFE, why="A wall feels nothing.")), "bert", "accept", day=2),
    ]
    run(records, [SAFE], Opinions({"c-1": rows}, {}))
    assert added(records)["c-1"].author_kind == author


def test_a_human_edit_that_was_taken_back_makes_no_human_author(records: Path) -> None:
    other = applied(SAFE, edit(SAFE, why="A wall feels nothing."))
    rows = [
        opinion(SAFE, "anna", "edit", edit(SAFE, why=other.why)),
        opinion(other, "bert", "edit", edit(SAFE), day=2, author_kind="model"),
        opinion(SAFE, "anna", "accept", day=3),
    ]
    run(records, [SAFE], Opinions({"c-1": rows}, {}))
    assert added(records)["c-1"].author_kind == "model"
