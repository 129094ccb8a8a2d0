"""What a visitor asks in the Try tab, and the link that asks the same again."""

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from eval.errors import InputError, UnknownName
from eval.mitigation.steer import ALPHA
from eval.record import Conversation, Message, Span
from space_app.place import Query, link
from space_app.settings import Settings
from space_app.trial.choices import default_method, methods, mitigations
from space_app.trial.examples import record_of

_TURNS: TypeAdapter[list[tuple[str, str]]] = TypeAdapter(list[tuple[str, str]])


class Asked(BaseModel):
    """A question to the page.

    `beside` is a second method, "" for none. `triggers` are words chosen by hand; None for those that attribution
    finds. Attention to them is multiplied by `strength` where it is steered. `record` is the id of the record that the
    conversation is of, while it is still the record's, and `label` the record's. `serial` tells the browser which of
    its questions is answered.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    messages: Conversation = Field(min_length=1)
    model: str
    method: str
    beside: str = ""
    triggers: list[Span] | None = None
    strength: float = Field(default=ALPHA, ge=0.001, le=1)
    record: str = Field(default="", max_length=100)
    label: str = ""
    serial: int = 0

    @property
    def mitigations(self) -> list[str]:
        """Names of what is tried, steering with its strength."""
        return [f"steer:{self.strength:.3g}" if name == "steer" else name for name in mitigations(self.model)]

    @property
    def words(self) -> list[str]:
        """The words chosen by hand."""
        return [span.text(self.messages) for span in self.triggers or []]


def read_asked(data: Any, settings: Settings) -> Asked:
    """What the browser sent.

    Raises:
        InputError: it is not what the page sends, or no words stand where triggers should.
        UnknownName: no such model or method, or the model cannot be explained by that method.
    """
    try:
        asked = Asked.model_validate(data)
    except ValidationError as error:
        what = error.errors()[0]["msg"]
        raise InputError(f"the page sent what none of its controls sends ({what}); load it again") from error
    if asked.model not in (names := [choice.name for choice in settings.models]):
        raise UnknownName("model", asked.model, names)
    for method in filter(None, (asked.method, asked.beside)):
        if method not in (known := methods(asked.model)):
            raise UnknownName("method", method, known)
    if not all(_stands(span, asked.messages) for span in asked.triggers or []):
        raise InputError("a chosen word does not stand in the conversation; choose it anew")
    record = record_of(settings, asked.record)
    if record is None or record.messages != asked.messages:
        return asked.model_copy(update={"record": "", "label": ""})
    return asked.model_copy(update={"label": record.label or ""})


def read_link(query: Query, settings: Settings) -> Asked | None:
    """What a link asks: `record`, `prompt` or `dialogue`, then what differs from the defaults; None if nothing.

    Raises:
        InputError: the record is unknown, or a part of the link is not what `link_of` writes.
        UnknownName: no such model or method.
    """
    if not any(query.get(key) for key in ("record", "prompt", "dialogue")):
        return None
    model = query.get("model") or settings.models[0].name
    try:
        told = {
            "messages": _messages(query, settings),
            "model": model,
            "method": query.get("method") or default_method(model),
            "beside": query.get("beside", ""),
            "triggers": _spans(query["triggers"]) if "triggers" in query else None,
            "strength": float(query.get("strength", ALPHA)),
            "record": query.get("record", ""),
        }
    except ValueError as error:
        raise InputError("a part of this link cannot be read; ask for a new one, or type the prompt") from error
    return read_asked(told, settings)


def link_of(asked: Asked, settings: Settings) -> str:
    """The address that asks the same and runs it; a record by its id alone."""
    if asked.record:
        text: dict[str, str | None] = {"record": asked.record}
    elif len(asked.messages) == 1 and asked.messages[0].role == "user":
        text = {"prompt": asked.messages[0].content}
    else:
        turns = [[message.role, message.content] for message in asked.messages]
        text = {"dialogue": json.dumps(turns, ensure_ascii=False, separators=(",", ":"))}
    chosen = asked.triggers
    return link(
        "try",
        **text,
        model=asked.model if asked.model != settings.models[0].name else None,
        method=asked.method if asked.method != default_method(asked.model) else None,
        beside=asked.beside,
        triggers=",".join(f"{one.turn}.{one.start}-{one.end}" for one in chosen) if chosen else None,
        strength=f"{asked.strength:g}" if asked.strength != ALPHA else None,
        run="1",
    )


def _messages(query: Query, settings: Settings) -> Conversation:
    if name := query.get("record"):
        record = record_of(settings, name)
        if record is None:
            raise InputError(f"no record has the id {name[:100]!r}; look for it in Explore")
        return record.messages
    if "dialogue" in query:
        turns = _TURNS.validate_json(query["dialogue"])
        return [Message.model_validate({"role": role, "content": text}) for role, text in turns]
    return [Message(role="user", content=query["prompt"])]


def _stands(span: Span, messages: Conversation) -> bool:
    """Whether the span holds text of a turn that can be mitigated."""
    if span.turn >= len(messages) or messages[span.turn].role == "system":
        return False
    return span.end <= len(messages[span.turn].content) and bool(span.text(messages).strip())


def _spans(text: str) -> list[Span]:
    """Of `0.9-13,2.0-4`: turn, first character, behind the last; ValueError if it is none."""
    spans = []
    for part in text.split(","):
        turn, _, place = part.partition(".")
        start, _, end = place.partition("-")
        spans.append(Span(turn=int(turn), start=int(start), end=int(end)))
    return spans
