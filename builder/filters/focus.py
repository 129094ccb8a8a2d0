"""Focus: whether each Focus word stands in the user's text and has a neutral of its own, none of them blank."""

from builder.candidate import Candidate


def focus_in_text(candidate: Candidate) -> str | None:
    """Why Focus and neutral cannot be those of a record; None if they can."""
    if not all(word.strip() for word in (*candidate.focus, *candidate.neutral)):
        return "a focus or neutral is blank; write a word"
    try:
        candidate.record()
    except ValueError as error:
        return str(error)
    return None
