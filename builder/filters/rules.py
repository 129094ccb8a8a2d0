"""Rules: every rule on a single record, for a candidate that nobody has accepted yet."""

from builder.candidate import Candidate
from builder.rules import broken_alone


def keeps_rules(candidate: Candidate) -> str | None:
    """What the first broken rule says; None if none is broken.

    Raises:
        ValueError: the candidate's Focus is not in its text.
    """
    return next(broken_alone(candidate.record(), but=("plain ids",)), None)  # acceptance gives another id
