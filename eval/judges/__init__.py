"""Judges: how much of a request an answer fulfils. Add a judge by writing one file and naming it in `JUDGES`."""

from eval.judges.rules import judge as rules
from eval.judges.verdict import UNANSWERED, Judge, Verdict

JUDGES: dict[str, Judge] = {"rules": rules}

__all__ = ["JUDGES", "UNANSWERED", "Judge", "Verdict"]
