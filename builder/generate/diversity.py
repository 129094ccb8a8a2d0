"""How varied a generator's candidates are: what it was asked for, and what it made of it."""

from collections.abc import Sequence

from pydantic import BaseModel

from builder.candidate import Candidate
from builder.near import near_duplicates
from builder.rules.finding import tokens
from builder.stats import begin_alike, distinct_2


class Diversity(BaseModel):
    """Figures of candidates' last turns; see `builder.stats` for `distinct_2` and `begin_alike`.

    `near_duplicates` counts candidates that are nearly an earlier one; `topics` and `styles` were asked for.
    """

    candidates: int
    topics: int
    styles: int
    focus_words: int
    distinct_2: float
    begin_alike: float
    near_duplicates: int

    def __str__(self) -> str:
        """One line for the terminal."""
        return (
            f"asked for {self.topics} topics in {self.styles} registers; {self.focus_words} different focus words, "
            f"distinct-2 {self.distinct_2:.3f}, {self.begin_alike:.0%} begin alike, "
            f"{self.near_duplicates} near-duplicates"
        )


def diversity(candidates: Sequence[Candidate]) -> Diversity:
    """Measure at least one candidate."""
    prompts = [candidate.prompt for candidate in candidates]
    return Diversity(
        candidates=len(candidates),
        topics=len({candidate.generation.topic for candidate in candidates}),
        styles=len({candidate.generation.style for candidate in candidates}),
        focus_words=len({word.casefold() for candidate in candidates for word in candidate.focus}),
        distinct_2=distinct_2([tokens(prompt) for prompt in prompts]),
        begin_alike=begin_alike(prompts),
        near_duplicates=len({max(i, j) for i, j, _ in near_duplicates(prompts, prompts) if i != j}),
    )
