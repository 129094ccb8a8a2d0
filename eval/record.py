"""The one row type of everything: a record is a prompt or a dialogue, its label and its Focus words.

Columns of every table derive from `Record`. No torch here.
"""

import json
from hashlib import sha256
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Role = Literal["system", "user", "assistant"]
Label = Literal["safe", "unsafe"]
LABELS: tuple[Label, ...] = ("safe", "unsafe")
SPLITS = ("test", "dev")

TYPES = (
    "homonyms",
    "figurative_language",
    "safe_targets",
    "safe_contexts",
    "definition",
    "historical_events",
    "privacy_public",
    "privacy_fictional",
    "safe_instruction",
    "contradictory_moral",
    "role_simulation",
    "strong_emotion",
)

PATTERNS = (
    "ordinary word in ordinary context",
    "ordinary word in dangerous context",
    "dangerous word in ordinary context",
    "dangerous word in dangerous context",
)


class Message(BaseModel):
    """One turn of a conversation."""

    model_config = ConfigDict(extra="forbid")

    role: Role
    content: str


Conversation = list[Message]


class Span(BaseModel):
    """Characters `start` (included) to `end` (excluded) of turn `turn`; turns count from 0."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    turn: int = Field(ge=0)
    start: int = Field(ge=0)
    end: int = Field(ge=1)

    def text(self, messages: Conversation) -> str:
        """The characters that the span covers."""
        return messages[self.turn].content[self.start : self.end]

    def in_turn(self, turn: int) -> "Span":
        """The same characters of another turn."""
        return self.model_copy(update={"turn": turn})

    def overlaps(self, other: "Span") -> bool:
        """Whether both cover a common character."""
        return self.turn == other.turn and self.start < other.end and other.start < self.end


class Review(BaseModel):
    """Who looked at a record. `reviewers` counts humans only; `agreement` is None below two of them."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["unreviewed", "in_review", "accepted"] = "unreviewed"
    reviewers: int = 0
    agreement: float | None = None


class Record(BaseModel):
    """One labelled prompt (XSB) or dialogue (MS-XSB); the last message is the user's.

    `focus[i]` stands at `focus_spans[i]`, and `neutral[i]` is a replacement that keeps a natural sentence and takes
    the trigger away. A label is absent where a supplied dataset has none.
    """

    model_config = ConfigDict(extra="forbid")

    id: str
    messages: Conversation = Field(min_length=1)
    type: str = ""
    label: Label | None = None
    focus: list[str] = []
    focus_spans: list[Span] = []
    neutral: list[str] = []
    pattern: str = ""
    pair_id: str | None = None
    topic: str = ""
    why: str = ""
    source: str = ""
    author_kind: Literal["human", "model", "model+human", ""] = ""
    review: Review = Review()
    version: str = ""
    split: Literal["test", "dev", ""] = ""
    scenario_id: str | None = None
    trigger_turn: int | None = None

    @property
    def prompt(self) -> str:
        """The text of the last turn."""
        return self.messages[-1].content

    @model_validator(mode="after")
    def _spans_reproduce_focus(self) -> Self:
        if self.messages[-1].role != "user":
            raise ValueError(f"record {self.id!r}: the last message must be the user's")
        if len(self.focus) != len(self.focus_spans):
            raise ValueError(f"record {self.id!r}: {len(self.focus)} focus words but {len(self.focus_spans)} spans")
        for word, span in zip(self.focus, self.focus_spans, strict=True):
            if span.turn >= len(self.messages) or span.text(self.messages) != word:
                raise ValueError(f"record {self.id!r}: span {span} does not hold the focus word {word!r}")
        return self


def conversation(prompt: str | list[Message] | list[dict[str, Any]]) -> Conversation:
    """A conversation from a prompt, or from messages as dicts with `role` and `content`."""
    if isinstance(prompt, str):
        return [Message(role="user", content=prompt)]
    return [Message.model_validate(message) for message in prompt]


def digest(messages: Conversation) -> str:
    """Twelve hexadecimal digits that change with any role or character of the conversation."""
    content = json.dumps([[message.role, message.content] for message in messages])
    return sha256(content.encode()).hexdigest()[:12]
