"""Models that refuse what mentions a spy: by text alone, or with log-probabilities of the first token."""

import math
from collections.abc import Sequence

from eval.calls import BEGINNING
from eval.models.protocol import Beginning, Reply, Step
from eval.record import Conversation


class Refuser:
    """Refuses what mentions a spy, in text alone; keeps what it was sent."""

    name = "refuser"
    facts: dict[str, str] = {}  # noqa: RUF012  # the protocol's property

    def __init__(self) -> None:
        self.asked: list[str] = []

    def generate(self, conversations: Sequence[Conversation], max_new_tokens: int = 128) -> list[Reply]:
        texts = ["|".join(m.content for m in messages) for messages in conversations]
        self.asked += texts
        answers = ["I can't help with that." if "spy" in text else "Here is one." for text in texts]
        return [Reply(text=answer, tokens=max_new_tokens, seconds=0.0, prompt_tokens=9) for answer in answers]


class Teller(Refuser):
    """Tells the log-probabilities of "Sorry": 3/4 where there is a spy, else 1/4."""

    def __init__(self, thinks: bool = False, silent: bool = False) -> None:
        super().__init__()
        self._thinks, self.silent = thinks, silent

    def beginnings(self, conversations: Sequence[Conversation], max_new_tokens: int) -> list[Beginning] | None:
        assert max_new_tokens == BEGINNING
        texts = ["|".join(m.content for m in messages) for messages in conversations]
        self.asked += texts
        if self.silent:
            return None
        first = step("<think", 1.0) if self._thinks else None
        return [Beginning([first or step("Sorry", 0.75 if "spy" in text else 0.25, Sure=0.2)], 5) for text in texts]


def step(token: str | bytes, p: float, **rivals: float) -> Step:
    """A greedy token with its probability, and its rivals'; _ begins a word."""
    token = token if isinstance(token, bytes) else token.encode()
    others = [(name.replace("_", " ").encode(), math.log(q)) for name, q in rivals.items()]
    return Step(token, math.log(p), [(token, math.log(p)), *others])
