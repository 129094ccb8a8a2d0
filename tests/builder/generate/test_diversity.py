"""How varied candidates are."""

from builder.candidate import Candidate
from builder.generate.diversity import diversity


def test_diversity_counts_what_is_alike(candidates: list[Candidate]) -> None:
    one = candidates[0]
    same = diversity([one, one.model_copy(update={"id": "other"})])
    assert (same.near_duplicates, same.begin_alike, same.topics) == (1, 1.0, 1)
    assert diversity([one]).near_duplicates == 0
