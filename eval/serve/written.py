"""The text of an answer while it is written: what of it is safe to send, and where a stop sequence ends it."""

from collections.abc import Sequence

BROKEN = "\ufffd"  # stands at the end while a character has only some of its tokens


class Written:
    """Text that grows; `ended` once a stop sequence is in it, which itself is not part of it."""

    def __init__(self, stop: Sequence[str]) -> None:
        """With these stop sequences."""
        self._stop = stop
        self.sent, self.ended = "", False

    def more(self, text: str, last: bool = False) -> str:
        """What may be sent of the text so far and has not been; all that is left of it at the last.

        Blanks at the end, half characters, and what may begin a stop sequence wait for what follows.
        """
        places = [at for stop in self._stop if (at := text.find(stop)) >= 0]
        if places:
            text, self.ended = text[: min(places)], True
        elif not last:
            text = text.rstrip(BROKEN).rstrip()
            text = text[: len(text) - max((_begun(text, stop) for stop in self._stop), default=0)]
        if not text.startswith(self.sent):  # what was sent cannot be taken back
            return ""
        new = text[len(self.sent) :]
        self.sent += new
        return new


def _begun(text: str, stop: str) -> int:
    """How many characters at the end of the text may be the beginning of the stop sequence."""
    return next((n for n in range(min(len(stop) - 1, len(text)), 0, -1) if text.endswith(stop[:n])), 0)
