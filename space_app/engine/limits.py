"""What one visitor may ask for: how much text, which mitigations, which words."""

from collections.abc import Sequence

from eval.checks import check_conversation, check_names
from eval.errors import InputError, UnknownName
from eval.mitigation import GUARD
from eval.record import Conversation, Span
from space_app.settings import Limits

OFFERED = ("ignore_word", "rephrase", "steer", "remove_direction", "system_prompt")
STEER = "steer"  # the only one with a parameter here: others' parameters name files and models
MOST_NAMES = 6
MOST_TRIGGERS = 20


def check_messages(messages: Conversation, limits: Limits) -> None:
    """Raise `InputError` unless the conversation can be asked and is no longer than allowed."""
    check_conversation(messages)
    if len(messages) > limits.turns:
        raise InputError(f"the conversation has {len(messages)} turns; this Space takes {limits.turns}: drop some")
    characters = sum(len(message.content) for message in messages)
    if characters > limits.characters:
        raise InputError(f"the text has {characters} characters; this Space takes {limits.characters}: shorten it")
    if any(message.role == "system" for message in messages[1:]):
        raise InputError("only the first turn may be of role system; make the others user or assistant")


def check_mitigations(names: Sequence[str]) -> None:
    """Raise `XsbError` unless these are mitigations that visitors may ask for; no parameter may name a file or a model.

    They are those of `OFFERED`, `steer` with a strength (`steer:0.1`), several joined with a plus, and `guard+` before.
    """
    if not 0 < len(names) <= MOST_NAMES:
        raise InputError(f"{len(names)} mitigations are asked for; choose 1 to {MOST_NAMES}")
    if len(set(names)) < len(names):
        raise InputError("a mitigation is asked for twice; name each once")
    for name in names:
        for part in name.removeprefix(f"{GUARD}+").split("+"):
            kind, _, parameter = part.partition(":")
            if kind not in OFFERED:
                raise UnknownName("mitigation", kind[:40], OFFERED)
            if ":" in part and (kind != STEER or "@" in parameter or len(parameter) > 8):
                raise InputError(f"of the mitigations here only {STEER} has a parameter, a strength, as in steer:0.1")
    check_names(None, names)


def check_triggers(messages: Conversation, triggers: Sequence[Span]) -> None:
    """Raise `InputError` unless the triggers stand in the conversation."""
    if len(triggers) > MOST_TRIGGERS:
        raise InputError(f"{len(triggers)} triggers are chosen; choose at most {MOST_TRIGGERS}")
    for span in triggers:
        if span.turn >= len(messages) or not span.start < span.end <= len(messages[span.turn].content):
            raise InputError("a trigger does not stand in the conversation; choose words of it")
