"""What a method said about a case, and how right it was: one line of `cases.jsonl`."""

from collections.abc import Sequence

from pydantic import BaseModel

from eval.attribution import BUDGET, REMOVAL
from eval.bench.accuracy.cases import AccuracyCase, Split
from eval.record import Span
from eval.words import words

TOP = 5


class Plan(BaseModel):
    """A method with the options that it is measured with."""

    method: str
    removal: str = REMOVAL
    budget: int = BUDGET

    @property
    def name(self) -> str:
        """The method, with what is not the default."""
        removal = f", {self.removal}" if self.removal != REMOVAL else ""
        return self.method + removal + (f", {self.budget}" if self.budget != BUDGET else "")


class Ranked(BaseModel):
    """Words with their shares, the one most to blame first, and the spans that are handed on as triggers."""

    words: list[Span]
    shares: list[float]
    triggers: list[Span]
    evaluations: int = 0
    passes: int = 0
    tokens: int = 0
    seconds: float = 0.0
    error: float | None = None


class Named(BaseModel):
    """A word among the first, and its share (nats where the method's are)."""

    text: str
    turn: int
    start: int
    share: float


class Fidelity(BaseModel):
    """What the model does without the words that a method blames, and with them alone.

    `freed` tells whether it answers once the first word is deleted, `trigger_freed` once the first trigger is, a phrase
    as a whole. `comprehensiveness` is what the refusal score (nats) loses without the first one, two and three words,
    on average, and `sufficiency` what it loses with these alone (DeYoung et al. 2020, ERASER, arXiv 1911.03429, there
    of probabilities): faithful is a high comprehensiveness and a low sufficiency.
    """

    freed: bool
    trigger_freed: bool
    comprehensiveness: float
    sufficiency: float


class Result(BaseModel):
    """One case under one plan. `ranks` are of the spans to blame: the rank (from 1) of the best word of each.

    `exact` tells whether the first trigger is the phrase: all words that are needed, and none beside it.
    """

    case: str
    kind: str
    split: Split
    plan: Plan
    words: int
    top: list[Named]
    trigger: str
    ranks: list[int]
    exact: bool
    flips: bool
    decoy: bool
    cause: str
    evaluations: int
    passes: int
    tokens: int
    seconds: float
    error: float | None
    fidelity: Fidelity

    @property
    def rank(self) -> int:
        """The rank of the first word that is to blame."""
        return min(self.ranks)

    @property
    def both(self) -> bool:
        """Whether the first words are those to blame, as many as there are."""
        return max(self.ranks) <= len(self.ranks)


def ranks(case: AccuracyCase, ranked: Sequence[Span]) -> list[int]:
    """The rank (from 1) of the best word of each span to blame; a word counts where it covers any character of it."""
    return [
        next((i for i, word in enumerate(ranked, 1) if word.overlaps(truth)), len(ranked) + 1) for truth in case.truth
    ]


def exact(case: AccuracyCase, trigger: Span | None) -> bool:
    """Whether a trigger covers all words that are needed, and no word beside the one span to blame."""
    inside = [word for word in words(case.messages) if word.overlaps(case.truth[0])]
    needed = case.needed or inside
    covered = [word for word in words(case.messages) if trigger and word.overlaps(trigger)]
    return all(word in covered for word in needed) and all(word in inside for word in covered)
