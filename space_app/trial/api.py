"""The same for programs: `answer`, `attribute` and `mitigate`, for Gradio's clients and as tools of MCP."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, TypeVar

import gradio as gr
from pydantic import ValidationError

from eval.checks import places
from eval.errors import InputError, ModelError
from eval.record import Conversation, conversation
from space_app.engine.engine import engine_of
from space_app.engine.steps import Answered, Attributed, Step, Tried
from space_app.leaving import listens
from space_app.program import told, visitor
from space_app.settings import Settings
from space_app.trial.choices import default_method
from space_app.trial.choices import mitigations as fitting
from space_app.trial.note import reads_as_unsafe

Prompt = str | list[dict[str, str]]
T = TypeVar("T")


def offer(settings: Settings) -> None:
    """Add the three functions to the page that is being built."""
    for make in (_answer, _attribute, _mitigate):
        function = make(settings)
        gr.api(function, api_name=function.__name__, concurrency_limit=None)


def _answer(settings: Settings) -> Callable[..., dict[str, Any]]:
    def answer(prompt: Prompt, request: gr.Request, model: str = "") -> dict[str, Any]:
        """A language model's answer to a prompt, and whether it is a refusal.

        Args:
            prompt: a text, or a dialogue as [{"role": "user", "content": "..."}, ...] that ends with the user.
            model: a model of this page; empty for its first.
            request: who asks.

        Returns:
            reply (text, tokens), verdict (label: full_compliance, partial_refusal, full_refusal, unscored), seconds,
            and unsafe: whether the request reads as unsafe, so that its answer should be shown with care.
        """
        with told():
            messages = _messages(prompt)
            steps = engine_of(settings).answer(_model(settings, model), messages, visitor(request))
            return {**_last(steps, Answered, request).model_dump(), "unsafe": _unsafe(messages)}

    return answer


def _attribute(settings: Settings) -> Callable[..., dict[str, Any]]:
    def attribute(prompt: Prompt, request: gr.Request, model: str = "", method: str = "") -> dict[str, Any]:
        """Every word's share in a language model's refusal of a prompt: which words make it refuse.

        Args:
            prompt: a text, or a dialogue as [{"role": "user", "content": "..."}, ...] that ends with the user.
            model: a model of this page; empty for its first.
            method: such as hybrid, ablation, ig or shap; empty for the one that suits the model.
            request: who asks.

        Returns:
            found (features: words and their score in nats, higher is more refusal; triggers: those to blame), seconds.
        """
        with told():
            engine, name = engine_of(settings), _model(settings, model)
            steps = engine.attribute(name, _messages(prompt), method or default_method(name), None, visitor(request))
            return _last(steps, Attributed, request).model_dump()

    return attribute


def _mitigate(settings: Settings) -> Callable[..., list[dict[str, Any]]]:
    def mitigate(
        prompt: Prompt,
        request: gr.Request,
        model: str = "",
        mitigations: list[str] | None = None,
        triggers: list[str] | None = None,
    ) -> list[dict[str, Any]]:
        """What mitigations of false refusals make of a prompt: what is sent instead, the answer, and its verdict.

        Args:
            prompt: a text, or a dialogue as [{"role": "user", "content": "..."}, ...] that ends with the user.
            model: a model of this page; empty for its first.
            mitigations: names such as ignore_word, rephrase, steer, steer:0.1; empty for those that fit the model.
            triggers: words of the prompt to mitigate; empty for those that attribution blames.
            request: who asks.

        Returns:
            for each: result (messages_sent, response, verdict), guard (allowed, reason), seconds, tokens.
        """
        with told():
            engine, name = engine_of(settings), _model(settings, model)
            messages, who = _messages(prompt), visitor(request)
            known = _last(engine.answer(name, messages, who), Answered, request)
            spans = places(messages, triggers or [])
            if not spans:
                blamed = engine.attribute(name, messages, default_method(name), known, who)
                spans = _last(blamed, Attributed, request).found.triggers
            steps = engine.mitigate(name, messages, mitigations or fitting(name), spans, known, who)
            return [step.model_dump() for step in _heard(steps, request) if isinstance(step, Tried)]

    return mitigate


def _model(settings: Settings, name: str) -> str:
    return name or settings.models[0].name


def _messages(prompt: Prompt) -> Conversation:
    try:
        return conversation(prompt)
    except ValidationError as error:
        raise InputError('a dialogue is a list of {"role": "user" or "assistant", "content": "..."}') from error


def _unsafe(messages: Conversation) -> bool | None:
    """Whether the guard reads the request as unsafe; None where its reader is not installed."""
    try:
        return reads_as_unsafe(messages)
    except ModelError:
        return None


def _last(steps: Iterator[Step], kind: type[T], request: gr.Request) -> T:
    """The step that ends the others."""
    return next(step for step in _heard(steps, request) if isinstance(step, kind))


def _heard(steps: Iterator[Step], request: gr.Request) -> Iterator[Step]:
    """The steps, as long as who asked listens; the work ends soon after they left."""
    with closing(steps):  # type: ignore[type-var]  # an engine's steps are generators
        for step in steps:
            if not listens(request):
                raise InputError("who asked this has left before the answer")
            yield step
