"""Asks the models for visitors: answers, words to blame, and what mitigations make of a prompt."""

import time
from collections.abc import Iterator, Sequence
from functools import cache
from threading import Lock

from eval.attribution import attribute
from eval.diagnose import Mitigated, check_conversation, check_names
from eval.errors import UnknownName
from eval.judges.panel import load_panel
from eval.judges.verdict import Answer
from eval.mitigation import Decoding, Request, attempts, named
from eval.mitigation.guard import decide
from eval.models import Model, load_model
from eval.record import Conversation, Span
from space_app.engine.steps import Answered, Attributed, Doing, Guard, Step, Tried, Writing
from space_app.settings import ModelChoice, Settings

NEW_TOKENS = 64


class Engine:
    """What visitors may ask of the models of the settings. Every method gives steps; closing it cancels."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is loaded before it is asked for."""
        self._choices = {choice.name: choice for choice in settings.models}
        self._panel = load_panel(settings.judge)
        self._lock = Lock()
        self._loaded: tuple[str, Model] | None = None

    @property
    def models(self) -> tuple[str, ...]:
        """The names that may be asked, the default first."""
        return tuple(self._choices)

    def answer(self, model: str, messages: Conversation, visitor: str) -> Iterator[Step]:
        """The model's answer as it is written, and its verdict.

        Args:
            model: a name in `models`.
            messages: of which the last is the user's.
            visitor: who asks.

        Raises:
            XsbError: a line for the visitor.
        """
        check_conversation(messages)
        choice = self._choice(model)
        started = time.perf_counter()
        yield Doing(f"loading {model}")
        with self._lock:
            (reply,) = self._model(choice).generate([messages], NEW_TOKENS)
        yield Writing(reply.text)
        verdict = self._panel([Answer(messages, reply.text, reply.finish)])[0].verdict
        yield Answered(reply=reply, verdict=verdict, seconds=time.perf_counter() - started)

    def attribute(
        self, model: str, messages: Conversation, method: str, answered: Answered | None, visitor: str
    ) -> Iterator[Step]:
        """The words to blame, by a method of `eval.attribution.METHODS`; `answered` spares a call where it is known.

        Raises:
            XsbError: a line for the visitor.
        """
        check_conversation(messages)
        check_names(method, ())
        choice = self._choice(model)
        yield Doing(f"attribution: {method}")
        with self._lock:
            text = answered.reply.text if answered else ""
            found = attribute(self._model(choice), messages, method, response=text, max_new_tokens=NEW_TOKENS)
        yield Attributed(found=found, seconds=found.seconds)

    def mitigate(
        self,
        model: str,
        messages: Conversation,
        names: Sequence[str],
        triggers: Sequence[Span],
        answered: Answered | None,
        visitor: str,
    ) -> Iterator[Step]:
        """One `Tried` for each of these mitigations, as soon as it is ready, in any order.

        Args:
            model: a name in `models`.
            messages: of which the last is the user's.
            names: for `eval.mitigation.named`.
            triggers: words to mitigate, as attribution found them or chosen by hand (`eval.diagnose.places`).
            answered: to the conversation as it is; made where it is None.
            visitor: who asks.

        Raises:
            XsbError: a line for the visitor.
        """
        check_conversation(messages)
        check_names(None, names)
        choice = self._choice(model)
        yield Doing("guard")
        with self._lock:
            loaded = self._model(choice)
            reply = answered.reply if answered else loaded.generate([messages], NEW_TOKENS)[0]
            request = Request(messages, list(triggers), answer=reply)
            (decision,) = decide(loaded, [request])
        for name in names:
            yield Doing(f"mitigation: {name}")
            with self._lock:
                (attempt,) = attempts(named(name), self._model(choice), [request], Decoding(NEW_TOKENS))
            verdict = self._panel([attempt.answer_to(messages)])[0].verdict
            result = Mitigated(
                name=name, triggers=[span.text(messages) for span in triggers], messages_sent=attempt.sent,
                response=attempt.reply.text, verdict=verdict, note=attempt.note,
            )  # fmt: skip
            guard = Guard(allowed=decision.allowed, reason=decision.reason)
            yield Tried(result=result, guard=guard, seconds=attempt.reply.seconds, tokens=attempt.reply.tokens)

    def _choice(self, name: str) -> ModelChoice:
        if name not in self._choices:
            raise UnknownName("model", name, self._choices)
        return self._choices[name]

    def _model(self, choice: ModelChoice) -> Model:
        if self._loaded is None or self._loaded[0] != choice.name:
            self._loaded = None
            model = load_model(choice.name, revision=choice.revision, dtype=choice.dtype, base_url=choice.base_url)
            self._loaded = (choice.name, model)
        return self._loaded[1]


@cache
def engine_of(settings: Settings) -> Engine:
    """The one engine for these settings."""
    return Engine(settings)
