"""Three ways of taking words out of a conversation, as token rows that the refusal score runs.

`delete` takes the characters out of the text, `mask` leaves the text and lets no other token attend to the word,
`neutral` puts the record's neutral word in its place, and deletes words that have none.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eval.errors import ModelError, UnknownName
from eval.models.protocol import OpenWeights
from eval.record import Conversation, Span
from eval.words import replaced, token_positions, turn_starts

Coalitions = NDArray[np.bool_]


class Row(NamedTuple):
    """The tokens of one coalition's prompt, and the positions among them that nothing attends to."""

    ids: list[int]
    hidden: list[int]


Removal = Callable[[OpenWeights, Conversation, Sequence[Span], Mapping[Span, str], Sequence[Coalitions]], list[Row]]


def rows(
    name: str,
    model: OpenWeights,
    messages: Conversation,
    features: Sequence[Span],
    neutral: Mapping[Span, str],
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
    if name not in REMOVALS:
        raise UnknownName("removal", name, REMOVALS)
    return REMOVALS[name](model, messages, features, neutral, coalitions)


def delete(
    model: OpenWeights,
    messages: Conversation,
    features: Sequence[Span],
    neutral: Mapping[Span, str],
    coalitions: Sequence[Coalitions],
) -> list[Row]:
    """The words' characters are gone, with the blanks before them."""
    del neutral
    return _tokenised(model, [replaced(messages, dict.fromkeys(_out(features, kept), "")) for kept in coalitions])


def neutral(
    model: OpenWeights,
    messages: Conversation,
    features: Sequence[Span],
    neutral: Mapping[Span, str],
    coalitions: Sequence[Coalitions],
) -> list[Row]:
    """The words' neutral twins stand in their place; words without one are deleted."""
    texts = [replaced(messages, {span: neutral.get(span, "") for span in _out(features, kept)}) for kept in coalitions]
    return _tokenised(model, texts)


def mask(
    model: OpenWeights,
    messages: Conversation,
    features: Sequence[Span],
    neutral: Mapping[Span, str],
    coalitions: Sequence[Coalitions],
) -> list[Row]:
    """The text is whole, but no other token attends to the words' tokens; a token of two words goes with either."""
    del neutral
    ids, places = word_tokens(model, messages, features)
    return [
        Row(ids, sorted({at for word, keep in zip(places, kept, strict=True) if not keep for at in word}))
        for kept in coalitions
    ]


def word_tokens(
    model: OpenWeights, messages: Conversation, features: Sequence[Span]
) -> tuple[list[int], list[list[int]]]:
    """The tokens of the rendered chat, and the positions among them of each feature's; two may share a token.

    Raises:
        ModelError: the tokenizer or the chat template does not tell where the words are.
    """
    if not model.tokenizer.is_fast:
        raise ModelError(
            f"the tokenizer of {model.name} does not tell where its tokens stand; use --method ablation or shap with "
            "--removal delete"
        )
    encoded = model.tokenizer(model.render(messages), add_special_tokens=False, return_offsets_mapping=True)
    starts = turn_starts(model.render, messages)
    places = [token_positions(encoded["offset_mapping"], starts, [span]) for span in features]
    return list(encoded["input_ids"]), places


REMOVALS: dict[str, Removal] = {"delete": delete, "mask": mask, "neutral": neutral}


def _out(features: Sequence[Span], kept: Coalitions) -> list[Span]:
    return [span for span, keep in zip(features, kept, strict=True) if not keep]


def _tokenised(model: OpenWeights, conversations: Sequence[Conversation]) -> list[Row]:
    texts = [model.render(messages) for messages in conversations]
    return [Row(list(ids), []) for ids in model.tokenizer(texts, add_special_tokens=False)["input_ids"]]
