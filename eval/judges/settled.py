"""Whether the verdict of the judge `rules` on an answer is settled before its end, for `--early-stop`.

No verdict is certain before the end: what follows may take an answer back, or give what was declined. What is said
first seldom is, though, but for full refusals: an answer may follow them. So they are never settled, and others are at
the first end of a sentence after so many words. How often this errs is measured in docs/generation.md.
"""

from eval.judges.rules import judge
from eval.record import Conversation

WORDS = 40
_ENDS = (".", "!", "?", ":", '."', '!"', '?"')


def settled(messages: Conversation, beginning: str) -> bool:
    """Whether an answer that begins so will very likely be judged as its beginning is."""
    if not beginning.endswith(_ENDS) or len(beginning.split()) < WORDS:
        return False
    return judge(beginning, messages[-1].content).label in ("full_compliance", "partial_refusal")
