"""Agreement on examples worked by hand."""

import pytest

from builder.review.agreement import agreement, conflicts, reviewed
from builder.review.reading import by_record
from eval.record import Record, Review, conversation
from tests.builder.review.readings import READINGS, A, B, C, reading, spans


def test_figures_by_hand() -> None:
    every, homonyms = agreement([A, B, C], by_record(READINGS))
    assert (every.type, homonyms.type, every.records) == ("all", "homonyms", 3)
    assert every.model_dump(exclude={"type"}) == homonyms.model_dump(exclude={"type"})
    # labels: x says s u u, y says s s u; 2 of 3 agree, chance is 1/3 * 2/3 + 2/3 * 1/3 = 4/9
    assert every.label_kappa == pytest.approx((2 / 3 - 4 / 9) / (1 - 4 / 9), abs=1e-3)
    # author s u u with each reader: 5 of 6 agree; author has u in 4 of 6, readers in 3 of 6
    assert every.label_author == pytest.approx((5 / 6 - 1 / 2) / (1 - 1 / 2), abs=1e-3)
    # words: x marks 3 of 12, y the same and one more; chance is 1/4 * 1/3 + 3/4 * 2/3 = 7/12
    assert every.focus_kappa == pytest.approx((11 / 12 - 7 / 12) / (1 - 7 / 12), abs=1e-3)
    # alpha of labels: 9 values, 4 safe and 5 unsafe; the one unit with a disagreement has 2 of its 3 pairs unequal
    observed, expected = (2 * 2 / 2) / 9, 2 * 4 * 5 / (9 * 8)
    assert every.label_alpha == pytest.approx(1 - observed / expected, abs=1e-3)
    assert every.naturalness == pytest.approx(26 / 6, abs=0.01)
    assert (every.natural_safe, every.natural_unsafe) == (4.5, pytest.approx(17 / 4, abs=0.01))


def test_one_value_only_has_no_kappa() -> None:
    (every, _) = agreement([A], by_record(READINGS))
    assert every.label_kappa is None and every.label_alpha is None and every.focus_kappa == 1.0


def test_conflicts() -> None:
    found = {conflict.record.id: conflict.fields for conflict in conflicts([A, B, C], by_record(READINGS))}
    assert found == {"b": ["label"], "c": ["focus", "naturalness"]}
    told = conflicts([B], by_record(READINGS))[0].opinions()
    assert told[0] == "author: unsafe, focus kill" and told[2] == "y: safe, focus kill, natural 5"


def test_a_review_counts_humans_only() -> None:
    human = [r.model_copy(update={"author_kind": "human"}) for r in READINGS]
    assert reviewed(A, by_record(READINGS)) == Review()
    assert reviewed(A, by_record(human[:1])) == Review(status="in_review", reviewers=1)
    assert reviewed(A, by_record(human)) == Review(status="accepted", reviewers=2, agreement=1.0)
    assert reviewed(B, by_record(human)) == Review(status="in_review", reviewers=2, agreement=0.5)


def test_a_decision_counts_for_more_than_a_likeness() -> None:
    human = [r.model_copy(update={"author_kind": "human"}) for r in READINGS]
    decided = [r.model_copy(update={"decision": "accept"}) for r in human]
    for record in (A, B, C):
        assert reviewed(record, by_record(decided)) == Review(status="accepted", reviewers=2, agreement=1.0)
    for decision in ("edit", "reject"):
        unlike = [human[0], human[1].model_copy(update={"decision": decision})]
        assert reviewed(A, by_record(unlike)) == Review(status="in_review", reviewers=2, agreement=0.5)
    assert conflicts([A], by_record(decided)) == []
    assert conflicts([B], by_record(decided))[0].opinions()[2] == "y: safe, focus kill, natural 5; then accept"


def test_words_of_the_assistant_are_not_counted() -> None:
    turns = [("user", "kill it"), ("assistant", "a b c d e f"), ("user", "now go")]
    talk = conversation([{"role": role, "content": text} for role, text in turns])
    places = spans(talk, ("kill",))
    dialogue = Record(id="d", messages=talk, label="safe", scenario_id="s", focus=["kill"], focus_spans=places)
    both = [reading(dialogue, "x", "safe", 5, "kill"), reading(dialogue, "y", "safe", 5, "kill", "it")]
    figures = agreement([dialogue], by_record(both))[0]
    assert figures.config == "ms_xsb"
    # 4 words: x marks 1, y marks 2; chance is 1/4 * 1/2 + 3/4 * 1/2 = 1/2
    assert figures.focus_kappa == pytest.approx((3 / 4 - 1 / 2) / (1 / 2), abs=1e-3)
