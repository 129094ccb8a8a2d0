"""Schema: whether a line is a candidate at all, with turns that a record can have."""

from pydantic import ValidationError

from builder.candidate import Candidate


def parsed(line: bytes) -> Candidate | str:
    """The candidate in a line of JSON Lines, or what keeps the line from being one."""
    try:
        candidate = Candidate.model_validate_json(line)
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        field = ".".join(map(str, wrong["loc"])) or "the line"
        return f"{field}: {wrong['msg']}"
    roles = [message.role for message in candidate.messages]
    if roles != ["user", "assistant"] * (len(roles) // 2) + ["user"]:
        return f"the turns are {', '.join(roles)}; begin with user, alternate, and end with user"
    return candidate
