"""Near-copies: candidates that nearly repeat a record or a prompt of another benchmark; of dialogues the last turn."""

from collections.abc import Sequence

import numpy as np

from builder.candidate import Candidate
from builder.filters.minhash import BANDS, signature
from builder.near import NEAR, grams, jaccard

BAND = np.arange(BANDS, dtype=np.uint64) << np.uint64(32)


class KnownTexts:
    """Named texts in an index of about 400 bytes each, so that one candidate at a time is compared with few of them."""

    def __init__(self, named: Sequence[tuple[str, str]]) -> None:
        """Index texts by their bands; each comes after its name, which is told to whoever repeats it."""
        self.named = named
        keys = np.array([_keys(text) for _, text in named], dtype=np.uint64).reshape(-1)
        order = np.argsort(keys, kind="stable")
        self.keys, self.owners = keys[order], (order // BANDS).astype(np.int32)

    def original(self, text: str) -> tuple[str, float] | None:
        """Name and similarity (over 0.7) of the first text that is nearly `text`; None if there is none."""
        wanted = _keys(text)
        begins, ends = (np.searchsorted(self.keys, wanted, side=side) for side in ("left", "right"))
        met = {int(owner) for a, b in zip(begins, ends, strict=True) if a < b for owner in self.owners[a:b]}
        own = grams(text) if met else frozenset[str]()
        for owner in sorted(met):
            name, known = self.named[owner]
            if (similarity := jaccard(own, grams(known))) > NEAR:
                return name, similarity
        return None


def no_near_copy(known: KnownTexts, candidate: Candidate) -> str | None:
    """What the candidate nearly repeats; None if nothing."""
    found = known.original(candidate.prompt)
    return f"{found[1]:.2f} alike with {found[0]}" if found else None


def _keys(text: str) -> "np.typing.NDArray[np.uint64]":
    """The keys of a text with the number of the band in front, so that one sorted list holds all bands."""
    return BAND | signature(text).keys
