"""Length: the last turn's words, and a dialogue's turns, by the rules for records."""

from builder.candidate import Candidate
from builder.rules import RULES
from eval.record import Record

CHECKED = ("prompt length", "real dialogue")


def fitting_length(candidate: Candidate) -> str | None:
    """What the rules on length say against the candidate; None if nothing."""
    # Focus is left out: it is looked at later, and costs more.
    record = Record(id=candidate.id, messages=candidate.messages, scenario_id=candidate.scenario_id)
    return next((found.message for name in CHECKED for found in RULES[name]([record])), None)
