"""Cases whose score is a function of the coalition that can be worked out by hand."""

from collections.abc import Callable, Sequence

import numpy as np

from eval.attribution import Case
from eval.models import Reply
from eval.record import Conversation, conversation
from eval.target import Array
from eval.words import words


class WorkedScore:
    """Counts the distinct coalitions that it is asked for, as the refusal score does."""

    def __init__(self, function: Callable[[np.ndarray], Array]) -> None:
        self._function = function
        self._known: set[bytes] = set()
        self.tokens = 0

    @property
    def evaluations(self) -> int:
        return len(self._known)

    def __call__(self, coalitions: np.ndarray) -> Array:
        self._known |= {row.tobytes() for row in coalitions}
        return np.asarray(self._function(coalitions), dtype=float)


class TextOnly:
    """A model without logits."""

    name = "text-only"
    facts: dict[str, str] = {}  # noqa: RUF012  # the protocol's property

    def generate(self, conversations: Sequence[Conversation], max_new_tokens: int = 128) -> list[Reply]:
        raise AssertionError(
            f"asked for {len(conversations)} answers of {max_new_tokens} tokens; none is generated here"
        )


def worked(function: Callable[[np.ndarray], Array], text: str | Conversation, budget: int = 128, seed: int = 0) -> Case:
    """A case over the words of `text`; `function` gets coalitions, shape (coalitions, words)."""
    messages = conversation(text)
    return Case(TextOnly(), messages, words(messages), WorkedScore(function), budget=budget, seed=seed)


def bag(function: Callable[[set[str]], float], text: str) -> Callable[[np.ndarray], Array]:
    """A function of coalitions from one of the words that are left."""
    messages = conversation(text)
    names = [span.text(messages) for span in words(messages)]
    return lambda kept: np.array([function({n for n, k in zip(names, row, strict=True) if k}) for row in kept])
