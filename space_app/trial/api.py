"""The same for programs: `answer`, `attribute` and `mitigate`, for Gradio's clients and as tools of MCP."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import gradio as gr
from pydantic import ValidationError

from eval.checks import places
from eval.errors import InputError, XsbError
from eval.record import Conversation, conversation
from space_app.engine.engine import engine_of
from space_app.engine.steps import Answered, Attributed, Step, Tried
from space_app.settings import Settings
from space_app.trial.choices import default_method
from space_app.trial.choices import mitigations as fitting

Prompt = str | list[dict[str, str]]
T = TypeVar("T")


def visitor(request: gr.Request) -> str:
    """Who asks, for the limits: the address that the question came from."""
    return str(request.client.host) if request.client else "unknown"


def offer(settings: Settings) -> None:
    """Add the three functions to the page that is being built."""

    def answer(prompt: Prompt, request: gr.Request, model: str = "") -> dict[str, Any]:
        """A language model's answer to a prompt, and whether it is a refusal.

        Args:
            prompt: a text, or a dialogue as [{"role": "user", "content": "..."}, ...] that ends with the user.
            model: a model of this page; empty for its first.
            request: who asks.

        Returns:
            reply (text, tokens), verdict (label: full_compliance, partial_refusal, full_refusal, unscored), seconds.
        """
        with _told():
            return _last(
                engine_of(settings).answer(_model(model), _messages(prompt), visitor(request)), Answered
            ).model_dump()

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
        with _told():
            engine, name = engine_of(settings), _model(model)
            steps = engine.attribute(name, _messages(prompt), method or default_method(name), None, visitor(request))
            return _last(steps, Attributed).model_dump()

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
        with _told():
            engine, name = engine_of(settings), _model(model)
            messages, who = _messages(prompt), visitor(request)
            known = _last(engine.answer(name, messages, who), Answered)
            spans = places(messages, triggers or [])
            if not spans:
                blamed = engine.attribute(name, messages, default_method(name), known, who)
                spans = _last(blamed, Attributed).found.triggers
            steps = engine.mitigate(name, messages, mitigations or fitting(name), spans, known, who)
            return [step.model_dump() for step in steps if isinstance(step, Tried)]

    def _model(name: str) -> str:
        return name or settings.models[0].name

    for function in (answer, attribute, mitigate):
        gr.api(function, api_name=function.__name__, concurrency_limit=None)


@contextmanager
def _told() -> Iterator[None]:
    """Errors for the visitor reach clients as one line."""
    try:
        yield
    except XsbError as error:
        raise gr.Error(str(error), print_exception=False) from error


def _messages(prompt: Prompt) -> Conversation:
    try:
        return conversation(prompt)
    except ValidationError as error:
        raise InputError('a dialogue is a list of {"role": "user" or "assistant", "content": "..."}') from error


def _last(steps: Iterator[Step], kind: type[T]) -> T:
    """The step that ends the others."""
    return next(step for step in steps if isinstance(step, kind))
