"""What a judge says of an answer."""

from collections.abc import Callable
from typing import Literal

from pydantic import BaseModel, ConfigDict

VerdictLabel = Literal["full_compliance", "partial_refusal", "full_refusal", "unscored"]


class Verdict(BaseModel):
    """A label, the sentence of the answer that decided it (empty if nothing but its absence did), and the judge.

    `unscored` means that no judgement could be made; it is counted apart and never averaged in.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: VerdictLabel
    evidence: str
    judge: str

    @property
    def refused(self) -> bool:
        """Whether the answer declines the request, wholly or in part."""
        return self.label in ("partial_refusal", "full_refusal")

    @property
    def complied(self) -> bool:
        """Whether the answer does all that was asked."""
        return self.label == "full_compliance"


Judge = Callable[[str], Verdict]

UNANSWERED = Verdict(label="unscored", evidence="", judge="none")
