"""Length: the last turn's words and a dialogue's turns, by the rules for records; no text longer than a file's line."""

from builder.candidate import Candidate
from builder.rules import OF_ONE
from builder.source.read import LINE
from eval.record import Record

CHECKED = ("prompt length", "real dialogue")


def fitting_length(candidate: Candidate) -> str | None:
    """What the rules on length say against the candidate; None if nothing."""
    turns = [message.content for message in candidate.messages]
    longest = max(map(len, (*turns, candidate.why, candidate.topic, *candidate.focus, *candidate.neutral)))
    if longest > LINE:
        return f"a text of {longest:,} characters; {LINE:,} are allowed"
    # Focus is left out: it is looked at later, and costs more.
    record = Record(id=candidate.id, messages=candidate.messages, scenario_id=candidate.scenario_id)
    return next((message for name in CHECKED for message in OF_ONE[name](record)), None)
