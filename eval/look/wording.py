"""How a verdict, its reason and its cost read, the same in the terminal, in the report and on the page."""

from collections.abc import Sequence

from eval.attribution import Attribution
from eval.calls import JUDGED
from eval.judges import Verdict
from eval.judges.verdict import VerdictLabel
from eval.record import Conversation

VERDICTS: dict[VerdictLabel, str] = {
    "full_compliance": "✓ ANSWERED",
    "partial_refusal": "◐ PARTLY REFUSED",
    "full_refusal": "✕ REFUSED",
    "unscored": "? UNSCORED",
}
KINDS = {"content_filter": "stopped by a content filter", "empty": "empty"}
REMOVED = {"delete": "words deleted", "mask": "words masked", "neutral": "words replaced"}


def reason(verdict: Verdict, triggers: Sequence[str], refuses: bool | None = None) -> str:
    """The words to blame, in a sentence; for attribution's triggers, not for words that annotators marked.

    Args:
        verdict: on the answer.
        triggers: most to blame first.
        refuses: whether a refusal is likelier than an answer, as attribution sees it; None where it does not say.
    """
    quoted = " and ".join(f'"{word}"' for word in dict.fromkeys(triggers))
    nearest = f" What came nearest to causing one: {quoted}." if quoted else ""
    if not verdict.refused:
        return f"No refusal.{nearest}"
    if refuses is False:
        return f"Refused, but no refusal in its first words, which attribution explains.{nearest}"
    if not quoted:
        return "Refused, but no single word is to blame."
    return f"Refused{' in part' if verdict.label == 'partial_refusal' else ''} because of {quoted}."


def added(sent: Conversation, messages: Conversation) -> list[str]:
    """What was sent beside the conversation's own turns, each in a line."""
    return [" ".join(message.content.split()) for message in sent if message not in messages]


def asked(count: int, target: str) -> str:
    """What the model was asked for, so many times."""
    return f"{count} {'call' if target == JUDGED else 'evaluation'}{'' if count == 1 else 's'}"


def passes(count: int) -> str:
    """Passes forward and backward."""
    return f"{count} pass{'' if count == 1 else 'es'}"


def how(found: Attribution) -> str:
    """How the words were found, what that took, and how far it can be trusted, in a line."""
    gradients = f" and {passes(found.passes)}" if found.passes else ""
    cost = f"{asked(found.evaluations, found.target)}{gradients}, {found.seconds:.1f} s"
    error = f", error about {found.error:.2g} {found.unit}" if found.error is not None else ""
    return f"{found.method} on {found.target}, {REMOVED[found.removal]}, {cost}{error}"
