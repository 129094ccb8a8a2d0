"""A candidate: what may become a record, with everything that each step found out about it.

Candidates flow from step to step as JSON Lines. Unlike a record, a candidate may be wrong: filters say how.
"""

import json
from hashlib import sha256
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from builder.rules.annotation import CONTEXTS
from eval.record import Conversation, Label, Message, Record, Span, digest
from eval.words import find

WordKind = Literal["ordinary", "dangerous"]


class Generation(BaseModel):
    """What wrote the candidate: which model was asked what, when, with which seed, in which round.

    `prompt_revision` changes with the generator's prompt and with the guidelines in it; `style` is the register that
    was asked for; `examples` are ids of records that were shown, `parents` ids of candidates of the round before;
    `repaired` says that the answer was no JSON as it stood.
    """

    model_config = ConfigDict(extra="forbid")

    model: str
    endpoint: str
    date: str
    prompt_revision: str
    seed: int
    round: int = 1
    topic: str = ""
    style: str = ""
    repaired: bool = False
    examples: list[str] = []
    parents: list[str] = []


class Proposal(BaseModel):
    """What one annotator, never a human, thinks of the candidate without having seen what its author thinks.

    `llm` reads it by the guidelines; `ablation` leaves out one word at a time and knows only Focus, with the nats of
    refusal that each of its words adds in `scores`.
    """

    model_config = ConfigDict(extra="forbid")

    by: str
    method: Literal["llm", "ablation"]
    date: str
    revision: str
    label: Label | None = None
    focus: list[str] = []
    neutral: list[str] = []
    scores: list[float] = []
    why: str = ""


class Screening(BaseModel):
    """What one model answers; `score` is its refusal score in nats (higher = more refusal), None behind an endpoint."""

    model_config = ConfigDict(extra="forbid")

    model: str
    facts: dict[str, str]
    date: str
    response: str
    verdict: Literal["full_compliance", "partial_refusal", "full_refusal", "unscored"]
    evidence: str = ""
    judge: str
    score: float | None = None

    @property
    def refused(self) -> bool:
        """Whether it refuses, wholly or in part."""
        return self.verdict in ("partial_refusal", "full_refusal")


class Candidate(BaseModel):
    """A prompt or one ending of a dialogue; `focus` holds each word once, `neutral` a replacement for each.

    `id` is a code that tells a reviewer nothing. Endings of one generated scenario share `scenario_id`.
    """

    model_config = ConfigDict(extra="forbid")

    id: str
    messages: Annotated[Conversation, Field(min_length=1)]
    type: str
    label: Label
    focus: list[str]
    neutral: list[str]
    word_kind: WordKind
    topic: str
    why: str
    scenario_id: str | None = None
    generation: Generation
    proposals: list[Proposal] = []
    screenings: list[Screening] = []

    @property
    def prompt(self) -> str:
        """The text of the last turn."""
        return self.messages[-1].content

    @property
    def version(self) -> str:
        """Twelve hexadecimal digits that change with the text and with what reviewers decide on: a reviewer's edit."""
        parts = (digest(self.messages), self.label, self.focus, self.neutral, self.why)
        return sha256(json.dumps(parts).encode()).hexdigest()[:12]

    @property
    def pattern(self) -> str:
        """Which kind of word stands in which kind of context."""
        return f"{self.word_kind} word in {CONTEXTS[self.label]}"

    def record(self) -> Record:
        """The record that the candidate would be, its Focus marked wherever it stands in the user's turns.

        Raises:
            ValueError: there is not one neutral per Focus word, or a Focus word is not in the text.
        """
        if len(self.neutral) != len(self.focus):
            raise ValueError(f"{len(self.neutral)} neutral for {len(self.focus)} focus words; write one for each")
        places: dict[Span, str] = {}
        for word, twin in zip(self.focus, self.neutral, strict=True):
            found = focus_places(self.messages, word)
            if not found:
                raise ValueError(f"focus {word!r} does not stand in the user's text as a whole word; copy it exactly")
            places |= dict.fromkeys(found, twin)
        spans = sorted(places, key=lambda span: (span.turn, span.start))
        return Record(
            id=self.id,
            messages=self.messages,
            type=self.type,
            label=self.label,
            focus=[span.text(self.messages) for span in spans],
            focus_spans=spans,
            neutral=[places[span] for span in spans],
            pattern=self.pattern,
            topic=self.topic,
            why=self.why,
            source="xsb",
            author_kind="model",
            scenario_id=self.scenario_id,
            trigger_turn=spans[0].turn if spans and self.scenario_id else None,
        )


def focus_places(messages: Conversation, word: str) -> list[Span]:
    """Every place where the word, or phrase, stands in the user's turns, without regard to case."""
    return [span for span in find(messages, word) if messages[span.turn].role == "user"]


def code(messages: list[Message], salt: str) -> str:
    """An id that tells nothing, the same for the same text and salt."""
    return f"c-{sha256(f'{salt} {digest(messages)}'.encode()).hexdigest()[:12]}"
