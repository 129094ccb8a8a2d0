"""Personal data: what datafog's regular expressions find, on this machine and without telemetry.

Names, addresses and dates are not looked for: made-up people have them too.
"""

import datafog

from builder.candidate import Candidate

KINDS = ["EMAIL", "PHONE", "SSN", "CREDIT_CARD", "IP_ADDRESS"]


def no_personal_data(candidate: Candidate) -> str | None:
    """What looks like a real person's data and in which turn, without repeating it; None if nothing does."""
    for turn, message in enumerate(candidate.messages):
        found = datafog.scan(message.content, engine="regex", entity_types=KINDS).entities
        if found:
            return f"turn {turn} holds {', '.join(sorted({entity.type for entity in found}))}"
    return None
