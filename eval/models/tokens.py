"""Which tokens of a rendered chat are a word's. No torch here."""

from collections.abc import Callable, Collection, Sequence
from itertools import chain

import regex

from eval.errors import ModelError
from eval.models.protocol import OpenWeights
from eval.record import Conversation, Span

MARK = "\ue000"  # private use: no template and no prompt has it
WITHOUT = "steer is not possible, and of attribution --method ablation or shap with --removal delete"


def word_tokens(
    model: OpenWeights, messages: Conversation, features: Sequence[Span]
) -> tuple[list[int], list[list[int]]]:
    """The tokens of the rendered chat, and the positions among them of each feature's; two may share a token.

    Raises:
        ModelError: the tokenizer or the chat template does not tell where the words are.
    """
    if not model.tokenizer.is_fast:
        raise ModelError(f"the tokenizer of {model.name} does not tell where its tokens stand: {WITHOUT}")
    encoded = model.tokenizer(model.render(messages), add_special_tokens=False, return_offsets_mapping=True)
    starts = turn_starts(model.render, messages)
    places = [token_positions(encoded["offset_mapping"], starts, [span]) for span in features]
    return list(encoded["input_ids"]), places


def turn_starts(render: Callable[[Conversation], str], messages: Conversation) -> list[int]:
    """Where the first character of each turn stands in the rendered chat.

    Found by rendering marks in place of the turns, since a short turn may also occur in the template's own text. A
    template that trims turns gives the place where the trimmed character would be.

    Raises:
        ModelError: the template does more to a turn than to trim it.
    """
    marked = [m.model_copy(update={"content": f"{MARK}{i}{MARK}"}) for i, m in enumerate(messages)]
    pieces = regex.split(rf"{MARK}\d+{MARK}", render(marked))
    for trim in (False, True):
        contents = [m.content.strip() if trim else m.content for m in messages]
        if "".join(chain(*zip(pieces, [*contents, ""], strict=False))) == render(messages):
            lengths = [len(piece) + len(content) for piece, content in zip(pieces, contents, strict=False)]
            leading = [len(m.content) - len(m.content.lstrip()) if trim else 0 for m in messages]
            return [sum(lengths[:i]) + len(pieces[i]) - leading[i] for i in range(len(messages))]
    raise ModelError(f"the chat template changes the text of turns, so no word can be found in it: {WITHOUT}")


def token_positions(offsets: Sequence[tuple[int, int]], starts: Sequence[int], spans: Collection[Span]) -> list[int]:
    """Indices of the tokens of a rendered chat that overlap the spans.

    Args:
        offsets: character start and end of each token in the rendered chat.
        starts: where each turn begins in it, from `turn_starts`.
        spans: words of the conversation.
    """
    places = [(starts[s.turn] + s.start, starts[s.turn] + s.end) for s in spans]
    return [i for i, (a, b) in enumerate(offsets) if any(a < end and b > start for start, end in places)]
