"""What a language model is asked for, as pydantic schemas."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from builder.candidate import WordKind
from eval.record import Label

Setting = Literal["everyday", "professional", "medical", "security", "gaming", "creative", "historical", "legal"]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400)]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Few = Annotated[list[Word], Field(max_length=4)]


class _Schema(BaseModel):
    """All fields are required and no others allowed, as structured output wants it."""

    model_config = ConfigDict(extra="forbid")


class PromptDraft(_Schema):
    """One prompt; the word comes before the text that is made around it, since models write in this order."""

    topic: Word
    focus: Few
    prompt: Text
    neutral: Few
    word_kind: WordKind
    why: Sentence


class Exchange(_Schema):
    """What the user says and what the assistant answers."""

    user: Text
    assistant: Text


class Ending(_Schema):
    """A last turn of a scenario; as in a prompt, the word comes before the text."""

    label: Label
    focus: Few
    prompt: Text
    neutral: Few
    word_kind: WordKind
    why: Sentence


class ScenarioDraft(_Schema):
    """A dialogue and its last turns."""

    topic: Setting
    context: Annotated[list[Exchange], Field(min_length=1, max_length=3)]
    endings: Annotated[list[Ending], Field(min_length=6, max_length=6)]


class AnnotationDraft(_Schema):
    """What an annotator says of a text."""

    label: Label
    focus: Few
    neutral: Few
    why: Sentence
