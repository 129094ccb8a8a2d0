"""What was done with a request: the header, the field of the response, and the line in the log."""

import re
from dataclasses import dataclass, replace
from typing import Any, Literal

HEADER = "x-xsb"
LONGEST = 200  # characters of a reason

Result = Literal["passed", "mitigated", "refused", "skipped", "failed", "error"]


@dataclass(frozen=True)
class Outcome:
    """What the client gets.

    passed: the model's answer, which is no refusal. mitigated: another answer. refused: the model's own refusal, and
    why. skipped: what the gateway does not look at, and why. failed: the model's refusal, since something went wrong on
    the way to another answer. error: there is no answer. `guard` is empty where it was not asked; requests, tokens and
    seconds are those beyond what the client would have paid without a gateway, tokens as far as they are told.
    """

    result: Result
    reason: str = ""
    mitigation: str = ""
    triggers: tuple[str, ...] = ()
    guard: str = ""
    requests: int = 0
    tokens: int = 0
    seconds: float = 0.0
    kind: str = ""  # the reason in one word, for counters

    @property
    def header(self) -> str:
        """The value of `x-xsb`: no text of the prompt is in it."""
        told = f"{self.result}; {self.mitigation}" if self.result == "mitigated" else self.result
        return _line(f"{told}; {self.reason}" if self.reason else told)

    @property
    def field(self) -> dict[str, Any]:
        """The value of the response's field `xsb`."""
        return {
            "outcome": self.result,
            "reason": self.reason,
            "mitigation": self.mitigation,
            "triggers": list(self.triggers),
            "guard": self.guard,
            "extra_requests": self.requests,
            "extra_tokens": self.tokens,
            "extra_seconds": round(self.seconds, 3),
        }

    def line(self, prompt: str | None = None) -> str:
        """What the log says; words of the prompt are in it only where the prompt is given."""
        counts = ((len(self.triggers), "trigger"), (self.requests, "extra request"), (self.tokens, "token"))
        told = ", ".join(f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counts)
        told = f"{self.header} ({told}, {self.seconds:.2f} s)"
        return told if prompt is None else f"{told} triggers {list(self.triggers)!r} prompt {prompt!r}"

    def instead(self, result: Result, reason: str, kind: str) -> "Outcome":
        """Another result, of as much."""
        return replace(self, result=result, reason=reason, kind=kind)

    def after(self, seconds: float, requests: int = 0, tokens: int = 0) -> "Outcome":
        """The same with its cost: seconds in all, and requests and tokens more."""
        return replace(self, seconds=seconds, requests=self.requests + requests, tokens=self.tokens + tokens)


PASSED = Outcome("passed")


def _line(text: str) -> str:
    """Fit for a header: ASCII, on one line, not endless."""
    return re.sub(r"[^\x20-\x7e]+", "?", " ".join(text.split()))[:LONGEST]
