"""The figures of stats on texts small enough to count by hand."""

import pytest

from builder.stats import longest_shared_frame, statistics
from eval.record import Message, Record, Span


def record(prompt: str, topic: str, **facts: str) -> Record:
    word = prompt.split()[0]
    return Record(
        id=prompt, messages=[Message(role="user", content=prompt)], type="homonyms", label="safe", topic=topic,
        focus=[word], focus_spans=[Span(turn=0, start=0, end=len(word))], **facts,
    )  # fmt: skip


def test_figures_by_hand() -> None:
    texts = ["Kill the old lamp", "kill the old dog's joy", "Shoot, the lamp!"]
    (row,) = statistics([record(t, "home" if "lamp" in t else "pets") for t in texts])
    assert (row.config, row.type, row.label, row.count) == ("xsb", "homonyms", "safe", 3)
    assert row.mean_words == pytest.approx(12 / 3)
    assert row.distinct_2 == pytest.approx(7 / 9, abs=1e-3)  # kill-the and the-old twice
    assert (row.shared_frame, row.frame_texts) == ("kill the old", 2)
    assert (row.common_frame, row.common_share) == ("kill the old", pytest.approx(2 / 3, abs=1e-3))
    assert row.begin_alike == pytest.approx(2 / 3, abs=1e-3)
    assert row.topics == {"home": 2, "pets": 1}
    assert row.distinct_focus_words == 2  # kill and Kill are one; "Shoot," counts as it stands
    assert row.review == {"unreviewed": 3}


def test_dialogues_are_counted_apart() -> None:
    rows = statistics([record("kill the lamp", "home"), record("kill the tv", "home", scenario_id="s")])
    assert [row.config for row in rows] == ["xsb", "ms_xsb"]


def test_longest_shared_frame() -> None:
    a, b, c = ["a", "b", "c", "d"], ["x", "b", "c", "y"], ["b", "c"]
    assert longest_shared_frame([a, b, c]) == (("b", "c"), 3)
    assert longest_shared_frame([a, a]) == (tuple(a), 2)
    assert longest_shared_frame([a, list("xyz")]) == ((), 0)
    assert longest_shared_frame([]) == ((), 0)
