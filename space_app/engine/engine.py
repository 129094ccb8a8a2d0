"""Asks the models for visitors: answers, words to blame, and what mitigations make of a prompt.

What visitors type is kept for a while in memory (`space_app.engine.cache`), and neither written nor logged anywhere.
"""

import logging
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING

from eval.checks import check_names
from eval.errors import ModelError, UnknownName, XsbError
from eval.judges.panel import load_panel
from eval.mitigation import Request
from eval.record import Conversation, Span, conversation
from eval.words import find
from space_app.engine.cache import Cache, key
from space_app.engine.limits import check_messages, check_mitigations, check_triggers
from space_app.engine.steps import Answered, Attributed, Step, Tried
from space_app.engine.turns import Turns
from space_app.engine.visit import Visit, follow
from space_app.rate import Rate, Together
from space_app.settings import ModelChoice, Settings

if TYPE_CHECKING:
    from space_app.engine.loaded import Loaded  # which imports torch

LOG = logging.getLogger(__name__)
_building = Lock()
GATED = "GatedRepoError"


class Engine:
    """What visitors may ask of the models of the settings.

    Every method gives steps (`space_app.engine.steps`); who closes it before the end cancels what is being done. They
    may be called from as many threads as there are visitors.
    """

    def __init__(self, settings: Settings) -> None:
        """No model is loaded before it is asked for."""
        self._choices = {choice.name: choice for choice in settings.models}
        self._limits = settings.limits
        self._panel = load_panel(settings.judge)
        self._rate, self._cache = Rate(settings.limits.per_minute), Cache()
        self._together = Together(settings.limits.at_once)
        self._turns = Turns(_load)
        if os.environ.get("SPACES_ZERO_GPU"):
            import_module("space_app.engine.zero")  # ZeroGPU has to know what it lends to before the page is served

    @property
    def models(self) -> tuple[str, ...]:
        """The names that may be asked, the default first."""
        return tuple(self._choices)

    def answer(self, model: str, messages: Conversation, visitor: str) -> Iterator[Step]:
        """The model's answer as it is written, and at the end `Answered`.

        Args:
            model: a name in `models`.
            messages: of which the last is the user's.
            visitor: who asks; the same visitor by the same name.

        Raises:
            XsbError: a line for the visitor.
        """
        from space_app.engine import asking

        choice = self._checked(model, messages)
        at = _key(choice, messages)
        if known := self._cache.get(at, Answered):
            yield known
            return
        self._rate.count(visitor)

        def work(visit: Visit) -> None:
            with self._turns.seat(choice, visit) as loaded:
                visit.tell(self._cache.keep(at, asking.answer(loaded, self._panel, messages, visit)))

        yield from self._followed(visitor, work)

    def attribute(
        self, model: str, messages: Conversation, method: str, answered: Answered | None, visitor: str
    ) -> Iterator[Step]:
        """The words to blame: evaluations as they are done, and at the end `Attributed`.

        Args:
            model: a name in `models`.
            messages: of which the last is the user's.
            method: a name in `eval.attribution.METHODS`.
            answered: to the conversation as it is, where it is known; spares a call of an endpoint.
            visitor: who asks.

        Raises:
            XsbError: a line for the visitor.
        """
        from space_app.engine import asking

        choice = self._checked(model, messages)
        check_names(method, ())
        response = answered.reply.text if answered else ""
        at = _key(choice, messages, method, response)
        if known := self._cache.get(at, Attributed):
            yield known
            return
        self._rate.count(visitor)

        def work(visit: Visit) -> None:
            with self._turns.seat(choice, visit) as loaded:
                visit.tell(self._cache.keep(at, asking.blame(loaded, messages, method, response, visit)))

        yield from self._followed(visitor, work)

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

        On a model that is not skittish only what the guard allows is mitigated.

        Args:
            model: a name in `models`.
            messages: of which the last is the user's.
            names: of mitigations, as `space_app.engine.limits.check_mitigations` takes them.
            triggers: words to mitigate, as attribution found them or chosen by hand (`eval.diagnose.places`).
            answered: to the conversation as it is; made where it is None.
            visitor: who asks.

        Raises:
            XsbError: a line for the visitor.
        """
        from space_app.engine import asking

        choice = self._checked(model, messages)
        check_mitigations(names)
        check_triggers(messages, triggers)
        answered = answered or self._cache.get(_key(choice, messages), Answered)
        places = [f"{span.turn}:{span.start}:{span.end}" for span in triggers]

        def at(name: str, answered: Answered) -> str:
            return _key(choice, messages, name, answered.reply.text, *places)

        known = [found for name in names if answered and (found := self._cache.get(at(name, answered), Tried))]
        yield from known
        left = [name for name in names if name not in {found.result.name for found in known}]
        if not left:
            return
        self._rate.count(visitor)

        def work(visit: Visit) -> None:
            with self._turns.seat(choice, visit) as loaded:
                first = answered or self._cache.keep(
                    _key(choice, messages), asking.answer(loaded, self._panel, messages, visit, stream=False)
                )
                request = Request(messages, list(triggers), answer=first.reply)
                asked = asking.Help(loaded, self._panel, request, choice.is_organism, visit)
                for tried in asking.help_with(asked, left):
                    if tried.result.response:  # what failed may go well the next time
                        self._cache.keep(at(tried.result.name, first), tried)
                    visit.tell(tried)

        yield from self._followed(visitor, work)

    def warm(self) -> None:
        """Load the default model and all that a question needs beside it, so that the first visitor need not wait."""
        prompt = conversation("How do I kill a Python process?")
        try:
            deque(self.mitigate(self.models[0], prompt, ["rephrase"], find(prompt, "kill"), None, "the page"), maxlen=0)
        except XsbError as error:
            LOG.warning("the default model is not loaded yet: %s", error)

    def _followed(self, visitor: str, work: Callable[[Visit], None]) -> Iterator[Step]:
        with self._together.one(visitor):
            yield from follow(work)

    def check(self, model: str, messages: Conversation) -> None:
        """Raise `XsbError` if this cannot be asked, before anything is done about it."""
        self._checked(model, messages)

    def _checked(self, model: str, messages: Conversation) -> ModelChoice:
        if model not in self._choices:
            raise UnknownName("model", model[:80], self._choices)
        check_messages(messages, self._limits)
        return self._choices[model]


def engine_of(settings: Settings) -> Engine:
    """The one engine for these settings, whoever asks first."""
    with _building:
        return _built(settings)


@cache
def _built(settings: Settings) -> Engine:
    return Engine(settings)


def _key(choice: ModelChoice, messages: Conversation, *more: str) -> str:
    return key([choice.name, choice.revision], messages, *more)


def _load(choice: ModelChoice) -> "Loaded":
    """Load a model; why that fails is logged for the owner, and told to visitors in a line without paths.

    Raises:
        ModelError: it cannot be loaded.
    """
    from eval.models import load_model
    from eval.models.transformers import TransformersModel
    from space_app.engine.loaded import Local, Remote
    from space_app.engine.zero import ZERO, Borrowed

    try:
        model = load_model(choice.name, revision=choice.revision, dtype=choice.dtype, base_url=choice.base_url)
    except ModelError as error:
        LOG.warning("%s", error)
        if GATED in _causes(error):
            raise ModelError(
                f"{choice.name} is gated: the owner of this Space has to accept its licence on the Hub, and set "
                "HF_TOKEN to a token that may read it; choose another model"
            ) from error
        raise ModelError(f"{choice.name} cannot be loaded at the moment; choose another model, or try later") from error
    if not isinstance(model, TransformersModel):
        return Remote(model, choice.max_new_tokens)
    return (Borrowed if ZERO else Local)(model, choice.max_new_tokens)


def _causes(error: BaseException | None) -> list[str]:
    """The names of what an error came from."""
    return [type(error).__name__, *_causes(error.__cause__ or error.__context__)] if error else []
