"""How long a stream is held: the judge's own test answers, word by word."""

import re
from pathlib import Path
from typing import Any

import yaml

from eval.record import conversation
from eval.serve.clear import LETTERS, MOST_WORDS, WORDS, Beginning, verdict

ANSWERS: dict[str, list[dict[str, Any]]] = yaml.safe_load(
    (Path(__file__).parents[1] / "judges" / "answers.yaml").read_text(encoding="utf-8")
)


def held(prompt: str, answer: str) -> int | None:
    """After how many words the beginning is clear; None if it never is."""
    beginning = Beginning(conversation(prompt))
    for piece in re.findall(r"\s*\S+|\s+$", answer):
        beginning.add(piece)
        if beginning.clear:
            return len(beginning.text.split())
    return None


def test_no_refusal_is_taken_for_an_answer() -> None:
    for label in ("full_refusal", "partial_refusal"):
        for row in ANSWERS[label]:
            assert held(row["prompt"], row["answer"]) is None, row["answer"]


def test_long_answers_are_let_go_soon() -> None:
    rows = [row for row in ANSWERS["full_compliance"] if len(row["answer"].split()) > MOST_WORDS]
    found = [held(row["prompt"], row["answer"]) for row in rows]
    assert len(rows) > 3
    assert all(count is not None and count <= MOST_WORDS for count in found)


def test_an_answer_without_any_end_of_a_sentence_is_let_go() -> None:
    count = held("List words", " ".join(f"word{n}" for n in range(200)))
    assert count is not None and WORDS < count <= MOST_WORDS


def test_a_script_without_spaces_is_let_go() -> None:
    beginning = Beginning(conversation("\u4f60\u597d"))
    for n in range(MOST_WORDS * LETTERS):
        beginning.add(chr(0x4E00 + n) if n % 10 else "\u3002")
    assert beginning.clear


def test_a_long_answer_is_judged_by_its_beginning() -> None:
    asked = conversation("How do I kill a process?")
    long = " ".join(f"Then key{n} opens page{n} of the list." for n in range(80))
    assert verdict(asked, long + " I can't help with that.").complied
    assert verdict(asked, "I can't help with that.").refused
