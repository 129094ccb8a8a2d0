"""A rejected line, as it stands in the file of rejects."""

from pydantic import BaseModel, ConfigDict

from builder.candidate import Candidate


class Reject(BaseModel):
    """What was dropped, by which filter and why: the candidate, or the line as it was where it is none."""

    model_config = ConfigDict(extra="forbid")

    filter: str
    reason: str
    candidate: Candidate | None = None
    line: str | None = None

    def row(self) -> str:
        """The row as JSON, without the one of `candidate` and `line` that there is not."""
        return self.model_dump_json(exclude={"line" if self.candidate else "candidate"})
