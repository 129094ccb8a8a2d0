"""Which answers stand behind a content note: those to unsafe requests that are no full refusals."""

from eval.judges import Verdict
from eval.mitigation import Request
from eval.mitigation.guard import as_read
from space_app.trial.asked import Asked


def unsafe(asked: Asked) -> bool:
    """Whether its record is labelled unsafe or, where there is no label, the guard reads it as harmful.

    Raises:
        ModelError: the guard's reader is not installed.
    """
    return asked.label == "unsafe" or (not asked.label and not as_read([Request(asked.messages, [])])[0].allowed)


def hidden(is_unsafe: bool, verdict: Verdict | None) -> bool:
    """Whether an answer is collapsed: a refusal gives nothing away; what is still written may be none."""
    return is_unsafe and (verdict is None or verdict.label != "full_refusal")
