"""Near-copies of known texts: named, verified by the exact measure, none without."""

import random

import pytest

from builder.filters.copies import KnownTexts, no_near_copy
from builder.near import NEAR, near, near_duplicates
from builder.shipped import RECORDS
from builder.source.read import read_folder
from tests.builder.candidates import make


@pytest.fixture(scope="module")
def prompts() -> list[tuple[str, str]]:
    return [(record.id, record.prompt) for record in read_folder(RECORDS)[0]]


def test_a_record_with_another_end_is_named(prompts: list[tuple[str, str]]) -> None:
    known = KnownTexts(prompts)
    name, text = max(prompts, key=lambda prompt: len(prompt[1]))
    changed = f"{text[:-1].upper()} now?"
    assert no_near_copy(known, make(changed)) == f"{near(text, changed):.2f} alike with {name}"
    assert no_near_copy(known, make("First of all.", "Yes?", changed)) is not None
    assert no_near_copy(known, make(changed, "Yes?", "And what comes after that?")) is None
    assert no_near_copy(known, make()) is None


def test_nothing_is_known() -> None:
    assert no_near_copy(KnownTexts([]), make()) is None


def test_against_the_exact_measure(prompts: list[tuple[str, str]]) -> None:
    """Shortened prompts of all similarities: what is found is alike, and nearly all that is alike is found."""
    pick, texts = random.Random(2), [text for _, text in prompts]
    cut = [text[: round(len(text) * pick.uniform(0.5, 1))] for text in texts]
    exact = {i for i, _, _ in near_duplicates(cut, texts, NEAR)}
    known = KnownTexts(prompts)
    found = {i for i, text in enumerate(cut) if known.original(text)}
    assert 500 < len(exact) < len(texts) - 200
    assert found <= exact and len(found) >= 0.95 * len(exact)
