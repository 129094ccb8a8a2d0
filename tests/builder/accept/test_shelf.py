"""Which readings of candidates count for their records."""

from pathlib import Path

import pytest

from builder.review.agreement import reviewed
from builder.review.opinion import Adjudication, Opinion, Opinions, applied
from builder.review.reading import by_record, read_reviews
from eval.record import Review, digest
from tests.builder.accept.collection import added, both, run
from tests.builder.candidates import SAFE, edit, opinion


def review_of(records: Path, rows: list[Opinion]) -> tuple[list[tuple[str, str | None]], Review]:
    """The readings on the shelf and what follows from them, after the rows were given on `SAFE`."""
    run(records, [SAFE], Opinions({"c-1": rows}, {}))
    shelf = read_reviews(records.parent / "shelf").readings
    record = added(records)["c-1"]
    assert {(r.id, r.digest) for r in shelf} <= {(record.id, digest(record.messages))}
    return [(r.reader, r.decision) for r in shelf], reviewed(record, by_record(shelf))


def test_who_read_blind_and_then_accepts_consents(records: Path) -> None:
    astray = opinion(SAFE, "bert", "accept", label="unsafe", focus=[], focus_spans=[], day=2)
    readings, review = review_of(records, [opinion(SAFE, "anna", "accept"), astray])
    assert readings == [("anna", "accept"), ("bert", "accept")]
    assert review == Review(status="accepted", reviewers=2, agreement=1.0)


def test_an_editor_of_the_annotation_has_read_the_text(records: Path) -> None:
    wish = edit(SAFE, neutral=["bore"])
    rows = [opinion(SAFE, "anna", "edit", wish), opinion(applied(SAFE, wish), "bert", "accept", day=2)]
    readings, review = review_of(records, rows)
    assert readings == [("anna", "accept"), ("bert", "accept")] and review.status == "accepted"


def test_an_editor_of_the_text_has_not_read_it(records: Path) -> None:
    wish = edit(SAFE, prompt="How far should I drill for a wall plug of eight millimetres?")
    rows = [opinion(SAFE, "anna", "edit", wish), opinion(applied(SAFE, wish), "bert", "accept", day=2)]
    readings, review = review_of(records, rows)
    assert readings == [("bert", "accept")] and review == Review(status="in_review", reviewers=1)


def test_the_first_reading_counts_and_the_last_decision(records: Path) -> None:
    wish = edit(SAFE, neutral=["bore"])
    rows = [
        opinion(SAFE, "anna", "accept", naturalness=2), opinion(SAFE, "bert", "edit", wish, day=2),
        opinion(applied(SAFE, wish), "anna", "accept", naturalness=5, day=3),
        opinion(SAFE, "carla", "accept", author_kind="model", day=4),
    ]  # fmt: skip
    final = Adjudication(id="c-1", by="z", author_kind="human", date="2026", decision="edit", edit=wish)
    run(records, [SAFE], Opinions({"c-1": rows}, {"c-1": final}))
    shelf = read_reviews(records.parent / "shelf").readings
    assert [(r.reader, r.naturalness, r.decision) for r in shelf] == [
        ("anna", 2, "accept"), ("bert", 5, "accept"), ("carla", 5, "edit"),
    ]  # fmt: skip


def test_who_reviews_after_acceptance_comes_to_the_shelf_too(records: Path) -> None:
    run(records, [SAFE])
    late = opinion(SAFE, "carla", "reject", day=3)
    assert run(records, [SAFE], Opinions({"c-1": [*both(SAFE).of["c-1"], late]}, {})).readings == 1
    shelf = read_reviews(records.parent / "shelf").readings
    review = reviewed(added(records)["c-1"], by_record(shelf))
    assert (review.status, review.reviewers, review.agreement) == ("in_review", 3, pytest.approx(2 / 3))
