"""Which answers stand behind a content note: those to unsafe requests that are no full refusals."""

from functools import lru_cache
from threading import Lock

from eval.judges import Verdict
from eval.mitigation import Request
from eval.record import Conversation, Message, Role
from space_app.engine.reading import as_written
from space_app.trial.asked import Asked

_READING = Lock()  # one text at a time, however many visitors come


def unsafe(asked: Asked) -> bool:
    """Whether its record is labelled unsafe or, where there is no label, the guard reads it as harmful.

    Raises:
        ModelError: the guard's reader is not installed.
    """
    return asked.label == "unsafe" or (not asked.label and reads_as_unsafe(asked.messages))


def reads_as_unsafe(messages: Conversation) -> bool:
    """Whether the guard reads a request as harmful.

    Raises:
        ModelError: the guard's reader is not installed.
    """
    return _harmful(tuple((turn.role, turn.content) for turn in messages))


@lru_cache(maxsize=500)
def _harmful(turns: tuple[tuple[Role, str], ...]) -> bool:
    messages = [Message(role=role, content=text) for role, text in turns]
    with _READING:
        return not as_written(Request(messages, [])).allowed


def hidden(is_unsafe: bool, verdict: Verdict | None) -> bool:
    """Whether an answer is collapsed: a refusal gives nothing away; what is still written may be none."""
    return is_unsafe and (verdict is None or verdict.label != "full_refusal")
