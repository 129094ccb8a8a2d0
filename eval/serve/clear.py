"""Whether the beginning of an answer shows that it is no refusal, so that a stream need not be held any longer.

By the judge `rules`, at the first end of a sentence or line after so many words, or anywhere after more. Of the 86
refusals among the judge's own test answers none is taken for an answer so; with 12 words instead of 20, 2 are. A
refusal that begins after an answer of this length is not seen in a stream.
"""

from eval.judges.rules import judge
from eval.judges.verdict import Verdict
from eval.record import Conversation

WORDS, MOST_WORDS = 20, 60
JUDGED = 2000  # characters: what is judged of a long answer, so that judging takes no longer than milliseconds
LETTERS = 8  # characters that count as a word at least, where a script has no spaces
_ENDS = (".", "!", "?", ":", "\n", '."', '!"', '?"', "\u3002", "\uff01", "\uff1f")


def verdict(messages: Conversation, answer: str) -> Verdict:
    """Of the answer, by its beginning where it is long."""
    return judge(answer[:JUDGED], messages[-1].content)


class Beginning:
    """The text of an answer that is being written; `clear` once it is known to be no refusal."""

    def __init__(self, messages: Conversation) -> None:
        """Of the answer to this conversation."""
        self._messages, self._judged = messages, 0
        self.text, self.clear = "", False

    def add(self, text: str) -> None:
        """More of it."""
        self.text += text
        if self.clear or not text:
            return
        count = max(len(self.text.split()), len(self.text) // LETTERS)
        ended = self.text.rstrip(" ").endswith(_ENDS) or "\n" in text
        if count > self._judged and (count >= MOST_WORDS or (ended and count >= WORDS)):
            self._judged = count
            found = verdict(self._messages, self.text)
            self.clear = found.complied or (count >= MOST_WORDS and not found.refused)
