"""MinHash (Broder 1997): a short signature of a text's 5-grams that tells which other texts may be alike.

Whether they are is for `builder.near.near` to say. Texts that are alike nearly always share a key in one of 32 bands of
8 values; one bit of each value (Li and Koenig 2010) tells roughly how alike two texts are.
"""

from functools import lru_cache
from typing import NamedTuple
from zlib import crc32

import numpy as np
from datasketch import MinHash
from numpy.typing import NDArray

from builder.near import grams

BANDS, ROWS = 32, 8
VALUES = BANDS * ROWS
EMPTY = MinHash(num_perm=VALUES, hashfunc=crc32)  # half the time that the default, SHA-1, takes
MIX = np.random.default_rng(1).integers(2**64, size=ROWS, dtype=np.uint64) | np.uint64(1)


class Signature(NamedTuple):
    """Of one text, or of many in the first axis: a key per band, shape [BANDS], and a bit per value, shape [4]."""

    keys: NDArray[np.uint32]
    bits: NDArray[np.uint64]


@lru_cache(maxsize=1)  # two filters in a row ask for the same text
def signature(text: str) -> Signature:
    """The text's signature; where the 8 values of a band are those of another text, the keys are equal too."""
    sketch = EMPTY.copy()
    sketch.update_batch(gram.encode("utf-8", "surrogatepass") for gram in grams(text))
    values: NDArray[np.uint32] = sketch.hashvalues
    mixed: NDArray[np.uint64] = (values.reshape(BANDS, ROWS) * MIX).sum(axis=1, dtype=np.uint64)
    bits = np.packbits((values & 1).astype(np.uint8)).view(np.uint64)
    return Signature((mixed >> np.uint64(32)).astype(np.uint32), bits)


def likeness(one: NDArray[np.uint64], others: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Estimates of the Jaccard similarity from the bits of one text and of many; off by 0.05 in a third of all cases.

    Shapes [4] and [texts, 4] to [texts]; 0 (nothing shared) to 1 (the same), by chance a little below 0.
    """
    differing = np.bitwise_count(one ^ others).sum(axis=-1, dtype=np.float64)
    return np.asarray(1 - 2 * differing / VALUES)
