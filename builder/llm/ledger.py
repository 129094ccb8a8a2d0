"""Where the ledger of a step lies."""

from pathlib import Path

from eval.models.ledger import Ledger


def ledger_beside(out: Path) -> Ledger:
    """The ledger of a step, which lies beside the step's output."""
    return Ledger(out.with_suffix(".calls.jsonl"))
