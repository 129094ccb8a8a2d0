"""Rules: every rule on a single record that a candidate can keep, which has no id, pair, version or split yet."""

from builder.candidate import Candidate
from builder.rules import RULES

CHECKED = (
    "known values", "focus on safe prompts", "focus words apart", "every occurrence", "parallel neutral",
    "neutral differs", "pattern fits label", "trigger turn", "visible characters", "whole characters",
    "one script per word", "plain blanks",
)  # fmt: skip


def keeps_rules(candidate: Candidate) -> str | None:
    """What the first broken rule says; None if none is broken.

    Raises:
        ValueError: the candidate's Focus is not in its text.
    """
    record = candidate.record().model_copy(update={"split": "dev"})  # which every accepted candidate gets
    return next((found.message for name in CHECKED for found in RULES[name]([record])), None)
