"""What an attribution method gets and gives back."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from eval.record import Span
from eval.target import Array

MOST_TRIGGERS = 3


class Feature(BaseModel):
    """A word, where it stands, and its share in the refusal: nats, higher = more refusal."""

    text: str
    turn: int
    start: int
    end: int
    score: float

    @property
    def span(self) -> Span:
        """Where the word stands."""
        return Span(turn=self.turn, start=self.start, end=self.end)


class Attribution(BaseModel):
    """Every word's share in the refusal, in reading order, and what it cost to find out."""

    method: str
    target: str
    seconds: float
    evaluations: int
    features: list[Feature]

    @property
    def ranked(self) -> list[Feature]:
        """The features, the one most to blame first."""
        return sorted(self.features, key=lambda feature: -feature.score)

    @property
    def triggers(self) -> list[Span]:
        """The word most to blame and those at least half as much, at most three; empty if no word adds to refusal."""
        ranked = self.ranked[:MOST_TRIGGERS]
        if not ranked or ranked[0].score <= 0:
            return []
        return [feature.span for feature in ranked if feature.score >= ranked[0].score / 2]


class Score(Protocol):
    """The refusal score of coalitions, shape (coalitions, features) -> (coalitions,) in nats."""

    def __call__(self, coalitions: NDArray[np.bool_]) -> Array: ...  # noqa: D102


Method = Callable[[Score, int], Array]
