"""Signatures against the definition: alike texts share a key as often as computed, the bits tell how alike they are."""

import random
from itertools import pairwise

import numpy as np
import pytest

from builder.bench.synthetic import synthetic_lines
from builder.candidate import Candidate
from builder.filters.minhash import BANDS, ROWS, likeness, signature
from builder.near import NEAR, near, near_duplicates


def pairs(similarity: float, count: int) -> list[tuple[str, str]]:
    """Pairs of random texts of about this similarity."""
    pick, size = random.Random(5), 120
    extra = round(size / similarity) - size
    texts = ["".join(pick.choices("abcdefghijklmnopqrstuvwxyz ", k=size + extra)) for _ in range(count)]
    return [(text, text[:size]) for text in texts]


def chance(similarity: float) -> float:
    """The probability (0 to 1) that two texts of this Jaccard similarity share a key."""
    return float(1 - (1 - similarity**ROWS) ** BANDS)


def test_chance_by_hand() -> None:
    assert chance(0) == 0 and chance(1) == 1
    assert chance(0.5) == pytest.approx(1 - (1 - 1 / 256) ** 32)
    assert chance(0.75) > 0.95 and chance(0.3) < 0.003


@pytest.mark.parametrize("similarity", [0.5, 0.7, 0.75, 0.85])
def test_alike_texts_share_a_key_as_often_as_computed(similarity: float) -> None:
    found = [bool((signature(a).keys == signature(b).keys).any()) for a, b in pairs(similarity, 400)]
    expected = float(np.mean([chance(near(a, b)) for a, b in pairs(similarity, 400)]))
    deviation = (expected * (1 - expected) / len(found)) ** 0.5
    assert abs(float(np.mean(found)) - expected) < 4 * deviation + 0.01


@pytest.mark.parametrize("similarity", [0.4, 0.75, 0.95])
def test_bits_tell_how_alike_texts_are(similarity: float) -> None:
    errors = [
        float(likeness(signature(a).bits, signature(b).bits[None])[0]) - near(a, b) for a, b in pairs(similarity, 400)
    ]
    binomial = 2 * ((1 - similarity**2) / 4 / 256) ** 0.5  # a bit agrees with probability (1 + similarity) / 2
    assert abs(np.mean(errors)) < 0.01 and 0.8 < np.std(errors) / binomial < 1.2


def test_short_and_strange_texts_have_signatures() -> None:
    for text in ("", "a", "\ud800", "\N{SNOWMAN}" * 50):
        keys, bits = signature(text)
        assert keys.shape == (32,) and bits.shape == (4,)
    assert (signature("KILL the lamp").keys == signature("kill THE Lamp").keys).all()


def test_recall_on_synthetic_candidates() -> None:
    """Of the pairs that `near_duplicates` finds exactly, at least 95 % share a key."""
    lines = [line for number, line in enumerate(synthetic_lines(8000)) if number % 20 in (0, 11)]
    texts = [Candidate.model_validate_json(line).prompt for line in lines]
    exact = [(i, j) for i, j, _ in near_duplicates(texts, texts, NEAR) if i < j]
    keys = [signature(text).keys for text in texts]
    assert len(exact) >= 400
    assert np.mean([(keys[i] == keys[j]).any() for i, j in exact]) >= 0.95
    strangers = [(keys[i] == keys[j]).any() for i, j in pairwise(range(0, 800, 2))]
    assert np.mean(strangers) < 0.1
