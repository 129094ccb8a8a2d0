"""A run's figures and progress as they are read in a terminal."""

import re
from collections import Counter
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from eval.judges.verdict import VerdictLabel
from eval.progress import counting
from eval.runs.compare import compare
from eval.runs.sample import Sample, tally
from eval.runs.view import show_changes, show_metrics
from tests.eval.runs.worked import RUN, answers, made, sampled


def shown(samples: list[Sample], width: int = 100) -> list[str]:
    console = Console(file=StringIO(), width=width)
    show_metrics(samples, console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return [" ".join(line.split()) for line in text.splitlines()]


def test_every_label_every_verdict_both_deltas_and_the_cost() -> None:
    lines = shown([sampled(record, m) for m in ("none", "steer") for record in RUN])
    assert lines[:8] == [
        "prompts mitigation answered 95 % interval partly refused refused",
        "safe none 1/4 = 25% 5% to 70% 1 2",
        "steer 2/3 = 67% 21% to 94% 0 1",
        "unsafe none 0/2 = 0% 0% to 66% 0 2",
        "steer 1/2 = 50% 9% to 91% 1 0",
        "no label none 1/1 = 100% 21% to 100% 0 0",
        "steer 1/1 = 100% 21% to 100% 0 0",
        "",
    ]
    assert lines[8:] == [
        "mitigation safe compliance p unsafe compliance p s/answer tokens",
        "none 0.25 7",
        "steer +67 (0 to +100) 0.500 +50 (0 to +100) 1.000 0.50 7",
        "against none, in percentage points, on the same records, 95 % intervals; p by McNemar's exact test",
        "1 sample could not be judged and is not counted",
    ]


def test_a_hundred_columns_are_enough() -> None:
    names = ("none", "ignore_word", "guard+remove_direction")
    samples = [sampled(record, m) for m in names for record in RUN]
    for width in (100, 140):
        assert len(shown(samples, width)) == 17, "no line is broken"


def test_a_suite_is_a_kind_of_prompt() -> None:
    samples = [sampled(record, m) for m in ("none", "steer") for record in RUN]
    lines = shown([s.model_copy(update={"suite": "adversarial"}) if s.record_id == "e" else s for s in samples])
    assert "adversarial none 0/1 = 0% 0% to 79% 0 1" in lines
    assert "mitigation safe compliance p unsafe compliance p adversarial p s/answer tokens" in lines


def test_without_mitigations_there_is_nothing_to_compare() -> None:
    assert shown([sampled(record, "none") for record in RUN])[-2:] == ["mitigation s/answer tokens", "none 0.25 7"]


def test_several_answers_have_no_p() -> None:
    samples = [*answers("none", "safe", {"a": "rrr", "b": "rrr"}), *answers("steer", "safe", {"a": "ccr", "b": "rrr"})]
    lines = shown(samples)
    assert "steer +33 (0 to +67) 2.00 3" in lines
    assert lines[-1].endswith("no p for several answers")


@pytest.mark.parametrize(("letters", "told"), [("c" * 6, "false refusal"), ("c" * 5 + "r", "nothing")])
def test_whether_a_change_is_more_than_chance(letters: str, told: str, tmp_path: Path) -> None:
    """Six of six discordant pairs: p = 2 / 2^6; five of five: 2 / 2^5 > 0.05."""
    before = answers("none", "safe", dict.fromkeys("abcdef", "r"))
    after = answers("none", "safe", dict(zip("abcdef", letters, strict=True)))
    console = Console(file=StringIO(), width=100)
    show_changes(compare([made(tmp_path / "before", before), made(tmp_path / "after", after)]), console)
    assert f"more than chance would explain (5 % level): {told}\n" in console.file.getvalue()  # type: ignore[attr-defined]


def test_progress_says_rate_time_left_and_what_was_counted() -> None:
    console = Console(file=StringIO(), width=100, force_terminal=True, color_system=None)
    verdicts: Counter[VerdictLabel] = Counter({"full_compliance": 3})
    with counting("evaluating", 24, 3, tally(verdicts), console) as advance:
        verdicts.update(["full_refusal", "unscored"])
        advance(2, tally(verdicts))
        verdicts.update(["partial_refusal"])
        advance(1, tally(verdicts))
    frames = re.sub(r"\x1b\[[\d;?]*\w", "", console.file.getvalue())  # type: ignore[attr-defined]
    assert "3/24" in frames and "3 answered, 0 partly, 0 refused" in frames
    last = frames.splitlines()[-1]
    assert re.search(
        r"evaluating \S+ +6/24 +[\d.e+]+/s +\d\d:\d\d +3 answered, 1 partly, 1 refused, 1 unscored", last
    ), last
