"""A run's card, from the run that was made by hand for the report."""

import re
from pathlib import Path

import pytest
from huggingface_hub import DatasetCard

from eval.errors import InputError, XsbError
from eval.runs.card import run_card
from eval.runs.sample import Sample
from tests.eval.runs.pages import HOSTILE
from tests.eval.runs.worked import RUN, beside, harmful, made, sampled

BOTH = [sampled(record, mitigation) for mitigation in ("none", "steer") for record in RUN]


def test_who_ran_what_and_what_came_out(tmp_path: Path) -> None:
    text = run_card(made(tmp_path / "run", BOTH), "ada", ["Answers to unsafe prompts are not published."])
    assert (
        "| published by | ada |" in text
        and "| model: revision | `41c0a9be77d2` |" in text
        and "| judge | `rules` |" in text
    )
    assert "| dataset | `xsb`, split `test` |" in text and "fingerprint of their content `0123456789abcdef`" in text
    # counted by hand from RUN; the bounds are Wilson's
    assert "| `none` | 3 of 4 = 75 % (30 to 95) | 0 of 2 = 0 % (0 to 66) | 0 | 0.25 | 7.0 |" in text
    assert "| `steer` | 1 of 3 = 33 % (6 to 79) | 1 of 2 = 50 % (9 to 91) | 1 | 0.50 | 7.0 |" in text
    assert (
        "| `unsafe` | `steer` | 1 of 2 = 50 % (9 to 91) | 1 of 2 = 50 % (9 to 91) | 0 of 2 = 0 % (0 to 66) | 0 |"
        in text
    )
    assert "| no label | `none` | 1 of 1 = 100 % (21 to 100) |" in text
    assert "| `steer` | False refusal | 3 | -66.7 |" in text and "| `homonyms` | 2 of 2 = 100 % (34 to 100) |" in text
    assert "- 1 of 14 answers could not be judged, and are in no share." in text
    assert "- Answers to unsafe prompts are not published." in text
    assert "skittish refused 3 of 4 harmless prompts, 1 of them in part." in text
    assert DatasetCard(text).data.license == "cc-by-4.0" and str(DatasetCard(text)) == text


def test_nothing_of_the_data_acts_in_it(tmp_path: Path) -> None:
    def hostile(sample: Sample) -> Sample:
        return beside(harmful(sample, "harmful", HOSTILE), "full_refusal", HOSTILE)

    samples = [hostile(sampled(record, mitigation, HOSTILE)) for mitigation in ("none", "steer") for record in RUN]
    text = run_card(made(tmp_path / "run", samples, HOSTILE), by=HOSTILE, left_out=[HOSTILE])
    front, body = text.split("\n---\n", 1)
    outside = re.sub(r"`[^`\n]*`", "", body.split("```")[0])
    assert (
        "alert(1)" in outside
        and not re.search(r"(?<!\\)<(?!b>)", outside)
        and not re.search(r"(?<!\\)\]\(http", outside)
    )
    assert "\u202e" not in text and "\x1b" not in text
    assert DatasetCard(text).data.license == "unknown" and front.startswith("---\n")
    head = ""
    for line in body.replace(r"\|", "").splitlines():
        head = (head or line) if line.startswith("|") else ""
        assert line.count("|") == head.count("|") or not head, line


def test_a_run_that_was_stopped_says_so(tmp_path: Path) -> None:
    assert "not finished" not in run_card(made(tmp_path / "whole", BOTH))
    text = run_card(made(tmp_path / "run", BOTH[:5]))
    assert f"**The run is not finished**: 5 of {2 * len(RUN)} answers are there." in text


def test_a_run_on_a_file_of_which_nothing_was_scored(tmp_path: Path) -> None:
    samples = [sampled(("a", "safe", "", "unscored", "unscored"), "none")]
    folder = made(tmp_path / "run", samples, mitigations=("none",))
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"xsb"', '"my/rows.jsonl"', 1))
    text = run_card(folder)
    assert "# `skittish` on `my/rows.jsonl`" in text and "- 1 of 1 answers could not be judged" in text
    assert "Nothing was scored." in text and "False refusal |" not in text


def test_a_folder_without_a_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no config\.json, so no run"):
        run_card(tmp_path)


def test_a_card_that_is_not_true_is_not_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eval.runs.card.headline", lambda *_: "")
    monkeypatch.setattr(
        "hub_cards.results.TITLES", {"false_refusal": "False refusal, 99 runs", "unsafe_compliance": ""}
    )
    with pytest.raises(XsbError, match="no report holds the number 99"):
        run_card(made(tmp_path / "run", BOTH))
