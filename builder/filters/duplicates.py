"""Near-duplicates among candidates: the first one stays. Time and memory grow with their number, not its square.

Not exact: two texts that share no key are not compared, and where many share one, only those nearest before are.
Nothing is dropped on a hash alone.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from builder.filters.minhash import BANDS, Signature, likeness
from builder.near import NEAR, grams, jaccard

BACK = 8  # steps back among the texts that share a key
LIKELY = 0.55  # estimate from which on texts are compared: three standard deviations below 0.7


def originals(signatures: Signature, text: Callable[[int], str]) -> NDArray[np.int32]:
    """For each text, in order, an earlier one that is kept and nearly the same, or -1: then it is kept itself.

    The keys are overwritten, to save memory.
    """
    before, bits = _before(signatures.keys), signatures.bits
    original = np.full(len(before), -1, dtype=np.int32)
    for at in np.flatnonzero((before >= 0).any(axis=1)).tolist():
        met = _met(at, before, original)
        alike = likeness(bits[at], bits[met])
        likely = met[np.argsort(-alike)][: int((alike > LIKELY).sum())]
        own = grams(text(at))
        original[at] = next((other for other in likely.tolist() if jaccard(own, grams(text(other))) > NEAR), -1)
    return original


def _before(keys: NDArray[np.uint32]) -> NDArray[np.int32]:
    """For each text and band the text nearest before it that has the same key, or -1; in the memory of the keys."""
    before = keys.view(np.int32)
    for band in range(BANDS):
        order = np.argsort(keys[:, band], kind="stable").astype(np.int32)
        same = np.diff(keys[order, band]) == 0
        before[order[:1], band] = -1
        before[order[1:], band] = np.where(same, order[:-1], -1)
    return before


def _met(at: int, before: NDArray[np.int32], original: NDArray[np.int32]) -> NDArray[np.int32]:
    """The kept texts to compare a text with: a few before it in each band, or those that stand for them."""
    met, bands, others = [], np.arange(BANDS), before[at]
    for _ in range(BACK):
        there = others >= 0
        if not there.any():
            break
        bands, others = bands[there], others[there]
        met.append(np.where(original[others] >= 0, original[others], others))
        others = before[others, bands]
    return np.unique(np.concatenate(met))
