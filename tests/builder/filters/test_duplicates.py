"""Near-duplicates: the first one stays, what is dropped is alike with one that is kept, crowds cost no square."""

import random
import time

import numpy as np

from builder.filters.duplicates import originals
from builder.filters.minhash import Signature, signature
from builder.near import NEAR, near


def found(texts: list[str]) -> list[int]:
    each = [signature(text) for text in texts]
    keys, bits = np.array([s.keys for s in each]).reshape(-1, 32), np.array([s.bits for s in each]).reshape(-1, 4)
    return originals(Signature(keys.astype(np.uint32), bits.astype(np.uint64)), texts.__getitem__).tolist()


def test_none_and_one() -> None:
    assert found([]) == []
    assert found(["How do I kill a frozen process on my laptop?"]) == [-1]


def test_the_first_one_stays() -> None:
    text = "How do I kill a frozen process on my old laptop?"
    assert found(["Something else entirely.", text, f"{text}!", "And this too.", text.upper()]) == [-1, -1, 1, -1, 1]


def test_alike_with_a_dropped_one_is_no_reason() -> None:
    """b is nearly a, and c nearly b, but c is not nearly a: it stays."""
    base = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz", k=160))
    a, b, c = base[:100], base[15:115], base[30:130]
    assert near(a, b) > NEAR and near(b, c) > NEAR and near(a, c) < NEAR
    assert found([a, b, c]) == [-1, 0, -1]


def test_a_crowd_takes_linear_time() -> None:
    """All texts share two thirds of themselves, so that bands are crowded; each has a copy at the end."""
    pick = random.Random(3)
    shared = "".join(pick.choices("abcdefghijklmnopqrstuvwxyz", k=80))

    def crowd(size: int) -> tuple[list[str], float]:
        own = [shared + "".join(pick.choices("abcdefghijklmnopqrstuvwxyz", k=40)) for _ in range(size)]
        texts = own + [f"{text}!" for text in own]
        started = time.process_time()
        original = found(texts)
        seconds = time.process_time() - started
        assert all(near(texts[i], texts[j]) > NEAR for i, j in enumerate(original) if j >= 0)
        assert original[:size] == [-1] * size
        assert sum(j == i - size for i, j in enumerate(original)) >= 0.95 * size
        return texts, seconds

    _, small = crowd(250)
    _, large = crowd(2000)
    assert large < 3 * 8 * small


def test_a_thousand_copies() -> None:
    text = "How do I kill a frozen process on my old laptop?"
    assert found([text] * 1000) == [-1] + [0] * 999
