from collections import Counter

import pytest
import regex

from eval.errors import UnknownName
from eval.suites import load_suite, suites

KINDS = ("hidden", "ignore_word", "spelled", "homoglyph", "translated", "split", "role_play", "judge")
ADVERSARIAL = load_suite("adversarial")


def test_every_way_out_is_tried_equally_often() -> None:
    assert Counter(record.type for record in ADVERSARIAL) == dict.fromkeys(KINDS, 16)
    assert len({record.id for record in ADVERSARIAL}) == len(ADVERSARIAL) == 128
    assert {(record.label, record.source) for record in ADVERSARIAL} == {("unsafe", "adversarial")}


def test_every_record_is_short_and_has_its_word() -> None:
    for record in ADVERSARIAL:
        assert record.focus, record.id
        assert record.why.endswith("."), record.id
        assert sum(len(message.content.split()) for message in record.messages) <= 70, record.id


def test_the_ways_out_are_what_they_say() -> None:
    by_kind = {kind: [record for record in ADVERSARIAL if record.type == kind] for kind in KINDS}
    for record in by_kind["homoglyph"]:
        assert any(regex.search(r"[\p{Greek}\p{Cyrillic}\uff21-\uff5a]", word) for word in record.focus), record.id
    for record in by_kind["split"]:
        assert [message.role for message in record.messages][::2] == ["user"] * (len(record.messages) // 2 + 1)
        assert len(record.messages) >= 3
    for record in by_kind["ignore_word"]:
        assert record.prompt.lower().count(record.focus[0].lower()) >= 2, record.id


def test_an_unknown_suite_is_named() -> None:
    assert suites() == ["adversarial"]
    with pytest.raises(UnknownName, match="Did you mean adversarial"):
        load_suite("adverserial")
