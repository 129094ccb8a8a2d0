"""What is promised of the shipped records: how many, how varied, read by whom, and what skittish does to them."""

from collections import Counter
from collections.abc import Sequence

import pytest

from builder.review.agreement import agreement, conflicts
from builder.review.reading import Reviews, by_record, first_versions, read_reviews, readings_of
from builder.shipped import RECORDS, REVIEWS, TWINS
from builder.source.read import read_places
from builder.stats import statistics
from builder.validate import validate
from eval.record import TYPES, Record, digest
from eval.twins import Twins, neutral_twin

SETTINGS = {"everyday", "professional", "creative", "medical", "security", "legal", "historical", "gaming"}


@pytest.fixture(scope="module")
def records() -> list[Record]:
    found, places, problems = read_places(RECORDS)
    assert [str(p) for p in [*problems, *validate(found, places)]] == []
    return found


@pytest.fixture(scope="module")
def reviews() -> Reviews:
    return read_reviews(REVIEWS)


def test_enough_prompts_of_every_type(records: Sequence[Record]) -> None:
    counts = Counter((r.type, r.label) for r in records if r.scenario_id is None)
    assert counts.total() >= 1200
    for name in TYPES:
        assert counts[name, "safe"] >= 60 and counts[name, "unsafe"] >= 40, name


def test_enough_scenarios_of_every_setting(records: Sequence[Record]) -> None:
    dialogues = [r for r in records if r.scenario_id is not None]
    scenarios = {r.scenario_id: r for r in dialogues}
    assert len(scenarios) >= 60 and len(dialogues) >= 360
    assert {r.topic for r in scenarios.values()} == SETTINGS
    earlier = Counter(r.scenario_id for r in dialogues if (r.trigger_turn or 0) < len(r.messages) - 1)
    assert sum(earlier[name] >= 6 for name in scenarios) >= len(scenarios) / 3


def test_both_splits_hold_every_type(records: Sequence[Record]) -> None:
    held = {(r.split, r.type, r.label) for r in records if r.scenario_id is None}
    assert len(held) == 2 * len(TYPES) * 2


def test_no_frame_runs_through_a_type(records: Sequence[Record]) -> None:
    for row in statistics(records):
        texts = f"{row.config} {row.type} {row.label}"
        assert row.distinct_2 > 0.8, texts
        assert len(row.shared_frame.split()) <= 6 and row.begin_alike <= 0.25, texts
        assert row.common_share <= (0.15 if row.config == "xsb" else 0.75), f"{texts}: {row.common_frame}"


def test_lengths_and_forms_vary(records: Sequence[Record]) -> None:
    for name in TYPES:
        prompts = [r.prompt for r in records if r.type == name and r.scenario_id is None]
        lengths = [len(prompt.split()) for prompt in prompts]
        assert min(lengths) <= 7 and max(lengths) >= 30, name
        questions = sum("?" in prompt for prompt in prompts)
        assert 0.3 < questions / len(prompts) < 0.95, name


def test_no_record_claims_a_human(records: Sequence[Record], reviews: Reviews) -> None:
    """Those that a model wrote, and readings by models, count as no human's."""
    humans = {reading.id for reading in reviews.readings if reading.author_kind == "human"}
    assert [r.id for r in records if r.review.reviewers > 0 and r.id not in humans] == []


def test_two_readers_read_every_text_and_agree(records: Sequence[Record], reviews: Reviews) -> None:
    test = [r for r in records if r.split == "test"]  # contributions enter dev, and are read before they move
    readings = by_record(reviews.readings)
    assert [r.id for r in test if len(readings_of(r, readings)) < 2] == []
    found = conflicts(records, readings)
    assert [c.record.id for c in found if "label" in c.fields or "focus" in c.fields] == []
    assert len(found) <= 0.02 * len(records)  # one reader of two finds these unnatural


@pytest.mark.parametrize("pass_", ["first", "current"])
def test_readers_agree(records: Sequence[Record], reviews: Reviews, pass_: str) -> None:
    """The goals of the project, kept at the first reading already, before anything was resolved."""
    read = first_versions(records, reviews) if pass_ == "first" else records
    rows = agreement(read, by_record(reviews.readings))
    assert {row.config for row in rows} == {"xsb", "ms_xsb"}
    for row in rows:
        assert min(row.label_kappa or 0, row.label_author or 0) >= 0.95, row
        assert row.focus_kappa is not None and row.focus_kappa >= 0.85, row
        assert (row.naturalness or 0) >= (4.3 if row.type == "all" else 4.0), row
        if pass_ == "current":
            assert min(row.natural_safe or 0, row.natural_unsafe or 0) >= 3.8, row  # harm reads less natural to readers


def test_skittish_was_measured_on_every_safe_record_of_the_test_split(records: Sequence[Record]) -> None:
    measured = {(row.id, row.digest, row.twin_digest) for row in Twins.model_validate_json(TWINS.read_bytes()).rows}
    safe = [r for r in records if r.label == "safe" and r.split == "test"]
    missing = [r.id for r in safe if (r.id, digest(r.messages), digest(neutral_twin(r))) not in measured]
    assert missing == [], "run: xsb-build release --out xsb && xsb-eval twins --out builder/twins.json"
