"""Near-duplicates: texts that share most of their character 5-grams, found exactly and without comparing all pairs."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

NEAR = 0.7
GRAM = 5


def near(a: str, b: str) -> float:
    """Jaccard similarity of the lower-cased character 5-grams: 0 (nothing shared) to 1 (the same)."""
    return jaccard(grams(a), grams(b))


def jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    """What two sets share: 0 (nothing) to 1 (they are the same)."""
    shared = len(a & b)
    return shared / (len(a) + len(b) - shared)


def grams(text: str) -> frozenset[str]:
    """The lower-cased character 5-grams of a text; the text itself where it is shorter."""
    lowered = text.lower()
    return frozenset(lowered[i : i + GRAM] for i in range(max(1, len(lowered) - GRAM + 1)))


def near_duplicates(
    texts: Sequence[str], others: Sequence[str], threshold: float = NEAR
) -> list[tuple[int, int, float]]:
    """All (i, j, similarity) with `near(texts[i], others[j])` above `threshold` (0 <= threshold < 1), in order.

    Exact, by prefix filtering (Chaudhuri et al. 2006; Bayardo et al. 2007): two sets that similar share one of each
    set's few rarest 5-grams, so only texts that meet in an index of those are compared.
    """
    if not 0 <= threshold < 1:
        raise ValueError(f"threshold {threshold} is not in [0, 1)")
    sets_a, sets_b = [grams(t) for t in texts], [grams(t) for t in others]
    frequency = Counter(gram for one in (*sets_a, *sets_b) for gram in one)
    # Commonest first: low bits for common 5-grams keep the bit sets of ordinary texts short.
    rank = {gram: at for at, (gram, _) in enumerate(frequency.most_common())}
    ranks_a, ranks_b = ([sorted(map(rank.__getitem__, s), reverse=True) for s in sets] for sets in (sets_a, sets_b))
    bits_a, bits_b = ([_bits(ranks) for ranks in lists] for lists in (ranks_a, ranks_b))
    index: dict[int, set[int]] = defaultdict(set)
    for j, ranks in enumerate(ranks_b):
        for gram in ranks[: _prefix(ranks, threshold)]:
            index[gram].add(j)
    found = []
    for i, ranks in enumerate(ranks_a):
        size, bits = len(ranks), bits_a[i]
        meets = set[int]().union(*(index.get(gram, ()) for gram in ranks[: _prefix(ranks, threshold)]))
        for j in sorted(meets):
            shared = (bits & bits_b[j]).bit_count()
            similarity = shared / (size + len(ranks_b[j]) - shared)
            if similarity > threshold:
                found.append((i, j, similarity))
    return found


def _prefix(ranks: Sequence[int], threshold: float) -> int:
    # The small number keeps a product like 0.7 * 10 from being rounded up past its true value.
    return len(ranks) - math.ceil(threshold * len(ranks) - 1e-9) + 1


def _bits(ranks: Sequence[int]) -> int:
    return sum(1 << rank for rank in ranks)
