"""How a verdict and its reason read, the same in the terminal, in the report and on the page."""

from collections.abc import Sequence

from eval.judges import Verdict
from eval.judges.verdict import VerdictLabel

VERDICTS: dict[VerdictLabel, str] = {
    "full_compliance": "✓ ANSWERED",
    "partial_refusal": "◐ PARTLY REFUSED",
    "full_refusal": "✕ REFUSED",
    "unscored": "? UNSCORED",
}


def reason(verdict: Verdict, triggers: Sequence[str]) -> str:
    """The words to blame, in a sentence; for attribution's triggers, not for words that annotators marked."""
    quoted = " and ".join(f'"{word}"' for word in dict.fromkeys(triggers))
    if not verdict.refused:
        return "No refusal." + (f" What came nearest to causing one: {quoted}." if quoted else "")
    if not quoted:
        return "Refused, but no single word is to blame."
    return f"Refused{' in part' if verdict.label == 'partial_refusal' else ''} because of {quoted}."
