"""Three ways of taking words out of a conversation, as token rows that the refusal score runs.

`delete` takes the characters out of the text, with the blanks before them; `mask` leaves the text and lets no other
token attend to the word; `neutral` puts a neutral word in its place, and deletes words that have none.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eval.errors import UnknownName
from eval.models.protocol import OpenWeights
from eval.models.tokens import word_tokens
from eval.record import Conversation, Span
from eval.words import replaced

REMOVALS = ("delete", "mask", "neutral")

Coalitions = NDArray[np.bool_]
"""Which words stay: boolean, shape (coalitions, features), or (features,) of a single one; True keeps the word."""
Neutral = Mapping[Span, str]
"""What may stand in place of which words, for the removal `neutral`."""


class Row(NamedTuple):
    """The tokens of one coalition's prompt, and the positions among them that nothing attends to."""

    ids: list[int]
    hidden: list[int]


def check_removal(name: str) -> None:
    """Raise `UnknownName` unless there is such a removal."""
    if name not in REMOVALS:
        raise UnknownName("removal", name, REMOVALS)


def removed(
    name: str, messages: Conversation, features: Sequence[Span], kept: Coalitions, neutral: Neutral
) -> Conversation:
    """The text of a coalition, its other words deleted or, by the removal `neutral`, replaced where they can be."""
    gone = [span for span, keep in zip(features, kept, strict=True) if not keep]
    return replaced(messages, {span: neutral.get(span, "") if name == "neutral" else "" for span in gone})


def rows(
    name: str,
    model: OpenWeights,
    messages: Conversation,
    features: Sequence[Span],
    neutral: Neutral,
    coalitions: Sequence[Coalitions],
) -> list[Row]:
    """One row per coalition, with the words that it leaves out removed.

    Args:
        name: of the removal, in `REMOVALS`.
        model: whose chat template and tokenizer make the tokens.
        messages: the conversation.
        features: words of it.
        neutral: replacements of some of them, for the removal `neutral`.
        coalitions: each of shape (features,); True keeps the word.

    Raises:
        UnknownName: no such removal.
        ModelError: the words cannot be found among the tokens (`mask`).
    """
    check_removal(name)
    if name == "mask":
        return _masked(model, messages, features, coalitions)
    texts = [model.render(removed(name, messages, features, kept, neutral)) for kept in coalitions]
    return [Row(list(ids), []) for ids in model.tokenizer(texts, add_special_tokens=False)["input_ids"]]


def _masked(
    model: OpenWeights, messages: Conversation, features: Sequence[Span], coalitions: Sequence[Coalitions]
) -> list[Row]:
    """The text is whole, but no other token attends to the words' tokens; a token of two words goes with either."""
    ids, places = word_tokens(model, messages, features)
    return [
        Row(ids, sorted({at for word, keep in zip(places, kept, strict=True) if not keep for at in word}))
        for kept in coalitions
    ]
