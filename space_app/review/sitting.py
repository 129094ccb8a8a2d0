"""One visitor's session as a value: what the page sends, and what it is to show next. Nothing here is saved."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from builder.candidate import Candidate
from builder.review.reading import Decision, Reading
from eval.errors import InputError
from eval.record import Conversation, Label, Span
from eval.words import words

Stage = Literal["name", "guest", "blind", "compare", "edit", "end"]
Version = tuple[str, str]
Line = Annotated[str, Field(max_length=300)]
Text = Annotated[str, Field(max_length=20_000)]


class Act(BaseModel):
    """What the page sends: the button, the serial number of the page that it stood on, and what all fields hold.

    `focus` holds the numbers of the chosen words of the user's turns, a list per Focus; `words` and `neutral` are the
    rows of an edit, empty ones too.
    """

    model_config = ConfigDict(extra="forbid")

    do: Literal["name", "rename", "compare", "accept", "edit", "save", "back", "reject", "skip", "again"]
    serial: int = 0
    name: Line = ""
    label: Label | None = None
    focus: Annotated[list[list[int]], Field(max_length=100)] = []
    naturalness: Annotated[int, Field(ge=1, le=5)] | None = None
    comment: Text = ""
    prompt: Text = ""
    words: Annotated[list[Line], Field(max_length=100)] = []
    neutral: Annotated[list[Line], Field(max_length=100)] = []
    why: Text = ""


class Sitting(BaseModel):
    """What one visitor sees; `serial` grows with each step, so that a second click on the same page does nothing.

    `at` of `total` candidates is `shown`. `held` is what its fields hold, with `problems`, of which the first is about
    the field `wrong`. `note` says what was decided last, `tally` at the end what was decided in all. `account`: the
    reviewer is an account of the Hub, and a guest is nobody. `later`: what is decided is saved by and by.
    """

    model_config = ConfigDict(frozen=True)

    stage: Stage = "name"
    serial: int = 0
    reviewer: str = ""
    account: bool = False
    later: bool = False
    skipped: frozenset[Version] = frozenset()
    note: str = ""
    shown: Candidate | None = None
    at: int = 0
    total: int = 0
    reading: Reading | None = None
    held: Act = Act(do="again")
    problems: tuple[str, ...] = ()
    wrong: str = ""
    tally: Mapping[Decision, int] = {}

    @property
    def candidate(self) -> Candidate:
        """What is shown, at a stage that shows something."""
        if self.shown is None:
            raise InputError("nothing is shown that could be decided on; load the page again")
        return self.shown


def choices(messages: Conversation) -> list[Span]:
    """The words that can be chosen as Focus, those of the user's turns; a reviewer's marks count them from 0."""
    return [word for word in words(messages) if messages[word.turn].role == "user"]


def chosen(messages: Conversation, groups: Sequence[Sequence[int]]) -> list[Span]:
    """A span for each group of word numbers, in the text's order, from its first word to its last.

    Raises:
        InputError: a group is no run of neighbours in one turn, or a word is in two.
    """
    places, spans = choices(messages), []
    numbers = [number for group in groups for number in group]
    for group in sorted(groups, key=list):
        if not group or not 0 <= group[0] <= group[-1] < len(places) or len(set(numbers)) < len(numbers):
            raise InputError(f"{list(groups)} are no words of this text; choose each of its {len(places)} words once")
        first, last = places[group[0]], places[group[-1]]
        if list(group) != list(range(group[0], group[-1] + 1)) or first.turn != last.turn:
            raise InputError(f"words {list(group)} are no neighbours; a Focus phrase stands together in one turn")
        spans.append(Span(turn=first.turn, start=first.start, end=last.end))
    return spans
