"""What a language model is asked for, as pydantic schemas, and how its answer is read: strictly, else leniently.

Reading leniently (`json_repair`) mends quotes, commas and text around the JSON. It adds no content: an answer without
one of the fields, or cut off at the token limit, gives no draft.
"""

from typing import Annotated, Any, Literal, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

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


Draft = TypeVar("Draft", bound=BaseModel)


class Read(NamedTuple):
    """A draft, whether its JSON had to be mended, or else why there is none."""

    draft: Any = None
    repaired: bool = False
    problem: str = ""


def read_draft(content: str, finish: str, schema: type[BaseModel]) -> Read:
    """The draft in a model's answer.

    Args:
        content: the answer.
        finish: why the model stopped; "length" is an answer that was cut off.
        schema: of the draft.
    """
    if finish == "length":
        return Read(problem="cut off at the token limit")
    try:
        return Read(schema.model_validate_json(content))
    except ValidationError as error:
        strict = _reason(error)
    import json_repair

    value = json_repair.loads(content)
    if not isinstance(value, dict):
        return Read(problem="no JSON object")
    try:
        draft = schema.model_validate(value)
    except ValidationError as error:
        return Read(problem=_reason(error))
    return Read(draft, repaired="JSON" in strict)


def json_schema(schema: type[BaseModel], bounded: bool) -> dict[str, Any]:
    """The schema as `response_format` wants it; not every endpoint takes bounds on the length of texts."""
    found: dict[str, Any] = schema.model_json_schema()
    return found if bounded else _without_bounds(found)


def _without_bounds(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_bounds(v) for k, v in value.items() if k not in ("minLength", "maxLength")}
    return [_without_bounds(item) for item in value] if isinstance(value, list) else value


def _reason(error: ValidationError) -> str:
    """The first thing that is wrong, without the text itself: reasons are counted."""
    wrong = error.errors()[0]
    field = ".".join(str(part) for part in wrong["loc"] if not isinstance(part, int))
    return "no JSON" if wrong["type"] == "json_invalid" else f"{field}: {wrong['msg'].lower()}"
