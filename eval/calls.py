"""The refusal score of word coalitions by calls of a model, for models that give text, or few log-probabilities.

The words that a coalition leaves out are taken out of the text, the text is sent, and what comes back is judged (1
refused, wholly or in part; 0 not), or, where the endpoint tells log-probabilities, scored by how the answer begins
(nats). Each text is asked once; an endpoint that answers differently each time makes each score as chancy. No torch.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np

from eval.errors import ModelError
from eval.evaluations import count
from eval.judges import Answer, Judge, Verdict
from eval.models.protocol import Beginning, Logprobs, Model, Step
from eval.record import Conversation, Span
from eval.removal import Coalitions, Neutral, check_removal, removed
from eval.target import REFUSAL_OPENERS, Array

JUDGED = "judged_answers"  # the target of this name asks any model so, also one with open weights
RATE, NATS = "refusal rate", "nats"
BEGINNING = 4  # tokens; "I'm not able" has as many
LEAST = 1e-6  # no probability of refusing is taken for less, nor for more than 1 less this
STAND_IN = "Hello."  # for a turn with nothing left: many endpoints take no empty one, and nobody refuses it
BATCH = 48  # texts, so that a local model's memory has a bound
OPENERS = tuple(opener.encode() for opener in REFUSAL_OPENERS)

Ask = Callable[[Sequence[Conversation]], list[tuple[float, int]]]
"""From texts to their scores and the tokens paid for each."""


class Calls:
    """A score of coalitions, shape (coalitions, features) -> (coalitions,), in `unit`; higher = more refusal.

    `evaluations` counts calls: equal texts are asked once. `tokens` counts those that the model read, where it says
    so, and wrote.
    """

    def __init__(
        self, model: Model, messages: Conversation, features: Sequence[Span], judge: Judge[Verdict], *,
        max_new_tokens: int, removal: str = "delete", neutral: Neutral | None = None,
        answer: Verdict | None = None, judged: bool = False,
    ) -> None:  # fmt: skip
        """Prepare to ask for `messages` with any of its `features` removed; asks for them whole, to see what it gets.

        Args:
            model: any.
            messages: the conversation.
            features: words of it, disjoint.
            judge: of its answers, where it gives text alone.
            max_new_tokens: of an answer that is judged.
            removal: `delete` or `neutral`.
            neutral: replacements of some words, for the removal `neutral`.
            answer: the judge's verdict on the conversation whole, where it is known: saves a call.
            judged: ask for text even of a model that tells log-probabilities.

        Raises:
            ModelError: a removal that needs open weights, or the model cannot be reached.
            UnknownName: no such removal.
        """
        check_removal(removal)
        if removal == "mask":
            raise ModelError(f"words cannot be masked in what {model.name} is sent; use --removal delete or neutral")
        self._messages, self._features = messages, list(features)
        self._removal, self._neutral = removal, neutral or {}
        self._known: dict[tuple[str, ...], float] = {}
        self.evaluations, self.tokens, self.unit = 0, 0, RATE
        self._ask = _judging(model, judge, max_new_tokens)
        if isinstance(model, Logprobs) and not judged and (begun := self._begun(model)):
            self.unit, self._ask = NATS, _beginning(model)
            self._known[_key(messages)] = log_odds(begun.steps)
        elif answer:
            self._known[_key(messages)] = float(answer.refused)

    def __call__(self, coalitions: Coalitions) -> Array:
        """The score of each coalition; higher = more refusal.

        Raises:
            ModelError: the model cannot be reached, or tells no log-probabilities any more.
        """
        texts = [self._text(kept) for kept in coalitions]
        new = list({_key(text): text for text in texts if _key(text) not in self._known}.values())
        all_asked = self.evaluations + len(new)
        for at in range(0, len(new), BATCH):
            asked = new[at : at + BATCH]
            for text, (score, tokens) in zip(asked, self._ask(asked), strict=True):
                self._known[_key(text)] = score
                self.evaluations += 1
                self.tokens += tokens
            count(self.evaluations, all_asked)
        return np.array([self._known[_key(text)] for text in texts])

    def _begun(self, model: Logprobs) -> Beginning | None:
        """How the answer to the whole conversation begins; None where that says nothing about refusal."""
        found = model.beginnings([self._messages], BEGINNING)
        if not found or not found[0].steps:
            return None
        self.evaluations += 1
        self.tokens += found[0].tokens
        thinks = b"".join(step.token for step in found[0].steps).lstrip().startswith(b"<think")
        return None if thinks else found[0]

    def _text(self, kept: Coalitions) -> Conversation:
        left = removed(self._removal, self._messages, self._features, kept, self._neutral)
        return [
            message if message.content.strip() else message.model_copy(update={"content": STAND_IN}) for message in left
        ]


def log_odds(steps: Sequence[Step]) -> float:
    """The log-odds (nats) that an answer begins with one of `REFUSAL_OPENERS`, from how the greedy one begins.

    The openers' probability is added up over the greedy tokens and the rivals that were told at each. What is not told
    counts as no refusal: few tokens begin one, and none of those is likelier than the last rival. A rival that may
    begin one ("I", where the greedy answer goes on from "You") counts by half. So does the greedy answer itself if its
    last step leaves it open. Openers are as in `eval.target`, so the same limits hold: English, and what an answer
    turns to later is not seen.
    """
    refusing, reached, begun = 0.0, 1.0, b""
    for step in steps:
        for rival, logprob in step.top:
            if rival and rival != step.token:
                refusing += reached * math.exp(logprob) * _refuses((begun + rival).lstrip())
        begun, reached = begun + step.token, reached * math.exp(step.logprob)
        if _refuses(begun.lstrip()) != 0.5:
            break
    refusing += reached * _refuses(begun.lstrip()) if steps else 0.0
    likely = min(max(refusing, LEAST), 1 - LEAST)
    return math.log(likely / (1 - likely))


def _refuses(text: bytes) -> float:
    """Whether an answer that begins so refuses: 1, 0, or 0.5 where it may yet."""
    if text.startswith(OPENERS):
        return 1.0
    return 0.5 if any(opener.startswith(text) for opener in OPENERS) else 0.0


def _judging(model: Model, judge: Judge[Verdict], max_new_tokens: int) -> Ask:
    """Judged text; an answer that cannot be judged is no refusal."""

    def ask(texts: Sequence[Conversation]) -> list[tuple[float, int]]:
        replies = model.generate(texts, max_new_tokens)
        answers = [Answer(text, reply.text, reply.finish) for text, reply in zip(texts, replies, strict=True)]
        return [
            (float(verdict.refused), reply.prompt_tokens + reply.tokens)
            for verdict, reply in zip(judge(answers), replies, strict=True)
        ]

    return ask


def _beginning(model: Logprobs) -> Ask:
    """Log-probabilities of the first tokens; an answer that ends before its first is no refusal."""

    def ask(texts: Sequence[Conversation]) -> list[tuple[float, int]]:
        found = model.beginnings(texts, BEGINNING)
        if found is None:
            raise ModelError(f"{model.name} tells no log-probabilities any more; use --target {JUDGED}")
        return [(log_odds(beginning.steps), beginning.tokens) for beginning in found]

    return ask


def _key(messages: Conversation) -> tuple[str, ...]:
    return tuple(message.content for message in messages)
