"""What the form holds, and the records that it stands for, complete or not.

A draft is what the page sends and what its address carries: JSON, of limited length in every field.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from builder.candidate import focus_places
from builder.rules.annotation import CONTEXTS
from builder.source.write import new_text
from eval.errors import InputError
from eval.record import Conversation, Label, Message, Record, Span

LONGEST = 20_000  # characters of a draft as JSON
Line = Annotated[str, Field(max_length=200)]
Long = Annotated[str, Field(max_length=2000)]
Author = Literal["", "human", "model", "model+human"]


class Strict(BaseModel):
    """A part of a draft; a key that it does not know is an error, and blanks around texts are none of theirs."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Focus(Strict):
    """A word, or a phrase, that looks bad wherever it stands in the user's turns, and what may replace it."""

    word: Line
    neutral: Line = ""


class Text(Strict):
    """A prompt, or the last turn of a dialogue, and what is said of it; `kind` is of the word alone."""

    prompt: Long = ""
    label: Label = "safe"
    focus: Annotated[tuple[Focus, ...], Field(max_length=12)] = ()
    kind: Literal["", "ordinary", "dangerous"] = ""
    topic: Line = ""
    why: Annotated[str, Field(max_length=500)] = ""

    @property
    def pattern(self) -> str:
        """Which kind of word stands in which kind of context; empty as long as nobody said it."""
        return f"{self.kind} word in {CONTEXTS[self.label]}" if self.kind else ""


def _blank(*labels: Label) -> tuple[Text, ...]:
    return tuple(Text(label=label) for label in labels)


class Draft(Strict):
    """The form: a prompt and its contrast, or a scenario with its context and endings.

    `context` holds the turns before the last, the user's and the assistant's by turns; `name` and `topic` are the
    scenario's.
    """

    form: Literal["prompt", "dialogue"] = "prompt"
    type: Line = "homonyms"
    author: Author = ""
    name: Line = ""
    topic: Line = ""
    context: Annotated[tuple[Long, ...], Field(max_length=6)] = ("", "")
    texts: Annotated[tuple[Text, ...], Field(min_length=2, max_length=12)] = _blank("safe", "unsafe")

    @property
    def scenario(self) -> str:
        """The id of the scenario."""
        return f"ms-xsb-{self.name}" if self.name else ""

    @property
    def before(self) -> Conversation:
        """The turns that come before the last of each dialogue; none for prompts."""
        turns = self.context if self.form == "dialogue" else ()
        roles = ("user", "assistant")
        return [Message(role=roles[at % 2], content=turn) for at, turn in enumerate(turns)]  # type: ignore[arg-type]

    def messages(self, text: Text) -> Conversation:
        """The turns of one of the texts."""
        return [*self.before, Message(role="user", content=text.prompt)]


EMPTY = Draft()
SCENARIO = Draft(form="dialogue", context=("",) * 4, texts=_blank("safe", "safe", "safe", "safe", "unsafe", "unsafe"))


def read_draft(sent: object) -> Draft:
    """The draft that a page sent, or an address held, as JSON.

    Raises:
        InputError: it is none, or too long.
    """
    if not isinstance(sent, str) or len(sent) > LONGEST:
        raise InputError(f"this is too much for the form; it takes {LONGEST:,} characters of all fields together")
    try:
        return Draft.model_validate_json(sent.encode("utf-8", "replace"))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the form"
        raise InputError(
            f"the form cannot hold this ({where}: {first['msg']}); shorten it, or clear the form"
        ) from error


def compact(draft: Draft) -> str:
    """The draft as JSON without what is as in an empty one, for an address."""
    return draft.model_dump_json(exclude_defaults=True)


def yaml_text(draft: Draft, number: int, version: str) -> str:
    """The file of the draft; `number` is of the first of two prompts."""
    return new_text([_record(draft, at, number, version) for at in range(len(draft.texts))])


def file_name(draft: Draft, number: int) -> str:
    """Where the file belongs below the folder of the records."""
    return f"ms_xsb/{draft.name}.yaml" if draft.form == "dialogue" else f"xsb/{draft.type}-{number:03d}.yaml"


def places(messages: Conversation, focus: Sequence[Focus]) -> list[tuple[Span, Focus]]:
    """Where the Focus words stand, in the text's order; one that stands nowhere is at the end of the last turn."""
    found: list[tuple[Span, Focus]] = []
    lost = Span(turn=len(messages) - 1, start=LONGEST, end=LONGEST + 1)
    for one in focus:
        found += [(span, one) for span in focus_places(messages, one.word) or [lost]]
    return sorted(found, key=lambda pair: (pair[0].turn, pair[0].start))


def _record(draft: Draft, at: int, number: int, version: str) -> Record:
    """A record as it stands in the form, which need not be one: nothing of it is checked here."""
    text, dialogue = draft.texts[at], draft.form == "dialogue"
    messages = draft.messages(text)
    marked = places(messages, text.focus)
    return Record.model_construct(
        id=f"{draft.scenario}-{at + 1:02d}" if dialogue else f"xsb-{draft.type}-{number + at:03d}",
        messages=messages, type=draft.type, label=text.label,
        focus=[span.text(messages) or one.word for span, one in marked],
        focus_spans=[span for span, _ in marked],
        neutral=[one.neutral for _, one in marked],
        pattern=text.pattern,
        pair_id=draft.scenario if dialogue else f"{draft.type}-{number:03d}",
        topic=draft.topic if dialogue else text.topic,
        why=text.why, source="xsb", author_kind=draft.author, version=version, split="dev",
        scenario_id=draft.scenario if dialogue else None,
    )  # fmt: skip
