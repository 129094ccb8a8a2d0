"""What an attribution method gets and gives back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from pydantic import BaseModel, computed_field

from eval.errors import ModelError
from eval.models.protocol import Model, OpenWeights
from eval.record import Conversation, Span
from eval.removal import Coalitions
from eval.target import Array, Target

if TYPE_CHECKING:
    from eval.score.gradient import GradientScore

MOST_TRIGGERS = 3
BUDGET = 128
REMOVAL = "delete"


class Score(Protocol):
    """The refusal score of coalitions, shape (coalitions, features) -> (coalitions,); higher = more refusal.

    `evaluations` counts the distinct coalitions it has computed, `tokens` the positions that the model ran for them.
    """

    @property
    def evaluations(self) -> int: ...  # noqa: D102

    @property
    def tokens(self) -> int: ...  # noqa: D102

    def __call__(self, coalitions: Coalitions) -> Array: ...  # noqa: D102


class Behind:
    """What stands before a score: asks it, and counts what it counts."""

    def __init__(self, score: Score) -> None:
        """`score` is the one behind."""
        self.score = score

    @property
    def evaluations(self) -> int:
        """Those of the score behind it."""
        return self.score.evaluations

    @property
    def tokens(self) -> int:
        """Those of the score behind it."""
        return self.score.tokens


@dataclass(frozen=True)
class Case:
    """What is to be explained: a model's refusal score of a conversation, by its words.

    `budget` is about how many evaluations a method that samples may ask for; `seed` is of its sampling; `unit` of the
    score.
    """

    model: Model
    messages: Conversation
    features: list[Span]
    score: Score
    target: Target | None = None
    budget: int = BUDGET
    seed: int = 0
    unit: str = "nats"

    @property
    def open(self) -> tuple[OpenWeights, Target]:
        """The model and the target, for methods that need gradients or hidden states.

        Raises:
            ModelError: the model gives neither.
        """
        if self.target is None or not isinstance(self.model, OpenWeights):
            raise ModelError(
                f"this method needs gradients or hidden states, which {self.model.name} does not give: use --method "
                "ablation, shap or black_box, or a local model"
            )
        return self.model, self.target

    @property
    def at_stake(self) -> float:
        """The score with all words less the score with none: what shares that leave nothing unexplained add up to."""
        whole, nothing = self.score(np.array([[True], [False]]).repeat(len(self.features), axis=1))
        return float(whole - nothing)

    def covering(self, first: int, last: int) -> Span:
        """From the first character of the word `first` to the last of the word `last`, both of one turn."""
        start, end = self.features[first], self.features[last]
        return Span(turn=start.turn, start=start.start, end=end.end)

    def gradients(self) -> "GradientScore":
        """The score as a differentiable function of the words' embeddings; errors as for `open`."""
        from eval.score.gradient import GradientScore  # torch

        model, target = self.open
        return GradientScore(model, self.messages, self.features, target)


class Shares(NamedTuple):
    """What a method answers: every word's share, shape (features,), and its own estimate of its error.

    Both in the unit of the score (nats for models with open weights), higher = more refusal. What the error is, each
    method says: none that can be told is NaN.
    """

    values: Array
    error: float
    passes: int = 0
    """Forward and backward passes besides the score's evaluations."""
    note: str = ""
    """What a reader should know of how they were found."""
    phrases: "list[Phrase] | None" = None
    """Those that the method has looked for itself; None if they are still to be found."""


Method = Callable[[Case], Shares]


class _Place(BaseModel):
    """A piece of the conversation, and where it stands."""

    text: str
    turn: int
    start: int
    end: int

    @property
    def span(self) -> Span:
        """Its characters."""
        return Span(turn=self.turn, start=self.start, end=self.end)


class Feature(_Place):
    """A word, where it stands, and its share in the refusal: in the attribution's unit, higher = more refusal."""

    score: float


class Phrase(_Place):
    """Neighbouring words that refuse together more than each beside the rest of the text alone.

    `interaction` is by how much, in the attribution's unit.
    """

    interaction: float


class Attribution(BaseModel):
    """Every word's share in the refusal, in reading order, the phrases among them, and what it cost to find out.

    `refusal_score` is that of the conversation as it is. `error` is the method's own estimate, in the same unit as the
    shares; None where it cannot tell. `note` says what was looked at less closely than asked.
    """

    method: str
    target: str
    removal: str
    unit: str
    refusal_score: float
    error: float | None
    seconds: float
    evaluations: int
    passes: int
    tokens: int
    features: list[Feature]
    phrases: list[Phrase]
    note: str = ""

    def __str__(self) -> str:
        """The method, and the five words most to blame with their shares."""
        words = ", ".join(f"{feature.text} {feature.score:+.1f}" for feature in self.ranked[:5])
        return f"{self.method}: {words} ({self.unit})"

    __repr__ = __str__

    @property
    def refuses(self) -> bool | None:
        """Whether a refusal is likelier than an answer; None where the target does not compare the two."""
        return None if self.target == "own_response" else self.refusal_score > 0

    @property
    def ranked(self) -> list[Feature]:
        """The features, the one most to blame first."""
        return sorted(self.features, key=lambda feature: -feature.score)

    @property
    def blocks(self) -> list[Feature]:
        """What is shown as one, in reading order: the words, and phrases to blame with their strongest word's share."""
        phrases = [phrase for phrase in self.phrases if phrase.span in self.triggers]
        inside = [[f for f in self.features if f.span.overlaps(phrase.span)] for phrase in phrases]
        alone = [f for f in self.features if not any(f in words for words in inside)]
        joined = [
            Feature(**phrase.model_dump(exclude={"interaction"}), score=max(f.score for f in words))
            for phrase, words in zip(phrases, inside, strict=True)
        ]
        return sorted([*alone, *joined], key=lambda block: (block.turn, block.start))

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorated property
    @property
    def triggers(self) -> list[Span]:
        """The word most to blame and those at least half as much, at most three; a phrase of theirs as one.

        Empty if no word adds to refusal.
        """
        ranked = self.ranked[:MOST_TRIGGERS]
        if not ranked or ranked[0].score <= 0:
            return []
        spans = [feature.span for feature in ranked if feature.score >= ranked[0].score / 2]
        wholes = [next((p.span for p in self.phrases if p.span.overlaps(span)), span) for span in spans]
        return list(dict.fromkeys(wholes))
