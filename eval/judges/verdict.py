"""What a judge says of an answer."""

from collections.abc import Callable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

VerdictLabel = Literal["full_compliance", "partial_refusal", "full_refusal", "unscored"]


class Verdict(BaseModel):
    """A label, the piece of the answer that decided it (empty if nothing but its absence did), and the judge.

    `confidence` is how often the judge is right where it says this for the same reason, from 0 to 1; judges document
    where it comes from. `unscored` means that no judgement could be made, with confidence 0; it is counted apart and
    never averaged in.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: VerdictLabel
    evidence: str
    confidence: float = Field(ge=0, le=1)
    judge: str

    @property
    def refused(self) -> bool:
        """Whether the answer declines the request, wholly or in part."""
        return self.label in ("partial_refusal", "full_refusal")

    @property
    def complied(self) -> bool:
        """Whether the answer does all that was asked."""
        return self.label == "full_compliance"


Judge = Callable[[str, str], Verdict]
"""From an answer and the text of the user's last turn, "" where that is not known."""

UNANSWERED = Verdict(label="unscored", evidence="", confidence=0.0, judge="none")
