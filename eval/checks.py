"""What can be known to be wrong before anything slow begins: names, the conversation, and words that are not in it."""

from collections.abc import Mapping, Sequence

from eval.attribution import METHODS, REMOVAL
from eval.calls import JUDGED
from eval.errors import InputError, UnknownName
from eval.judges import check_judge
from eval.judges.panel import judge_names
from eval.mitigation import named
from eval.record import Conversation, Span
from eval.removal import check_removal
from eval.target import TARGETS
from eval.visible import encodable
from eval.words import find, words


def check_names(
    method: str | None,
    mitigations: Sequence[str],
    judge: str = "rules",
    target: str = "refusal_openers",
    removal: str = REMOVAL,
) -> None:
    """Raise `UnknownName` before anything slow begins; the method None stands for none."""
    if method is not None and method not in METHODS:
        raise UnknownName("method", method, METHODS)
    for name in mitigations:
        named(name)
    for name in judge_names(judge):
        check_judge(name)
    if target not in (*TARGETS, JUDGED):
        raise UnknownName("target", target, (*TARGETS, JUDGED))
    check_removal(removal)


def check_conversation(messages: Conversation) -> None:
    """Raise `InputError` unless the conversation ends in words of the user's and can be written as UTF-8."""
    if not messages:
        raise InputError("the conversation has no messages; give at least one of role user")
    if messages[-1].role != "user":
        raise InputError(f"the last message is of role {messages[-1].role}; it must be the user's")
    if not messages[-1].content.strip():
        raise InputError("the prompt is empty; give a text of at least one word")
    if not all(encodable(message.content) for message in messages):
        raise InputError("the prompt has half a character in it (a lone surrogate); send the text as UTF-8")


def neutral_spans(messages: Conversation, removal: str, neutral: Mapping[str, str]) -> dict[Span, str]:
    """Where the words stand that are replaced, each place with its replacement.

    Raises:
        InputError: a word is none of the conversation's, or replacements and removal do not go together.
    """
    if bool(neutral) != (removal == "neutral"):
        raise InputError("removal neutral and replacements go together: --removal neutral --neutral kill=stop")
    spans: dict[str, list[Span]] = {}
    for span in words(messages):
        spans.setdefault(span.text(messages).casefold(), []).append(span)
    for word in neutral:
        if word.casefold() not in spans:
            raise InputError(f"{word!r} is to be replaced but is no word of the conversation; give single words of it")
    return {span: text for word, text in neutral.items() for span in spans[word.casefold()]}


def places(messages: Conversation, texts: Sequence[str]) -> list[Span]:
    """Where words or phrases stand that a user has named; `InputError` for one that does not."""
    spans: list[Span] = []
    for word in texts:
        found = find(messages, word)
        if not found:
            raise InputError(f"{word!r} does not stand in the conversation as a whole word")
        spans += found
    return spans
