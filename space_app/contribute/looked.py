"""What the form's checks found: of a draft that is still being written, as much as can be said already."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from builder.candidate import focus_places
from builder.contribute.beside import Beside, Nearest
from builder.contribute.skeletons import SETTINGS
from builder.rules.text import WORDS
from space_app.contribute.draft import Draft, Text, yaml_text
from space_app.contribute.problems import Told, by_field, told

LIKE = 0.25  # similarity from which a record is worth a look
Fields = Mapping[tuple[int | None, str], Sequence[Told]]
# What stands in for what is not written yet, so that the rules can say something of the rest.
STAND_INS = {"topic": SETTINGS[0], "why": "It will be said.", "kind": "dangerous"}


class Looked(NamedTuple):
    """A draft, the file that it would be, what is wrong with each field, and the nearest record to each text."""

    draft: Draft
    number: int
    text: str
    fields: Fields
    valid: bool
    nearest: Sequence[Nearest | None]

    def of_text(self, at: int) -> list[Told]:
        """Everything that is wrong with one of the texts."""
        return [one for (record, _), its in self.fields.items() if record == at for one in its]

    @property
    def blank(self) -> int:
        """How many fields are still to be written."""
        return sum(one.blank for field in self.fields.values() for one in field)

    @property
    def wrong(self) -> int:
        """How many problems there are in what is written."""
        return sum(not one.blank for field in self.fields.values() for one in field)


def look_at(draft: Draft, there: Beside, number: int | None = None) -> Looked:
    """Check a draft beside the records that are there; `number` is of its first prompt, by default the next one."""
    first = there.free_number(draft.type) if number is None else number
    text = yaml_text(draft, first, there.version)
    checked = there.check(text)
    found = told(text, checked)
    if checked.unread:
        known = {(one.record, one.field) for one in found if one.field != "neutral"}
        found += [one for one in _meanwhile(draft, first, there) if (one.record, one.field) not in known]
        found = list({(one.record, one.field, one.problem): one for one in found}.values())
    nearest = [_nearest(one, there) for one in draft.texts]
    return Looked(draft, first, text, by_field(found), checked.valid, nearest)


def _meanwhile(draft: Draft, number: int, there: Beside) -> Iterator[Told]:
    """What the rules say of the texts that are there, if all else were all right."""
    written = [at for at, text in enumerate(draft.texts) if text.prompt]
    if not written or (draft.form == "dialogue" and not all(draft.context)):
        return
    filled = draft.model_copy(
        update={
            "author": draft.author or "human", "name": draft.name or "stand-in", "topic": draft.topic or SETTINGS[0],
            "texts": tuple(_filled(draft.texts[at]) for at in written),
        }
    )  # fmt: skip
    found = _check(filled, number, there)
    if any(one.field == "focus" for one in found):  # a word that stands nowhere keeps its record from being read
        found += _check(
            filled.model_copy(update={"texts": tuple(_found(filled, t) for t in filled.texts)}), number, there
        )
    for one in found:
        yield one if one.record is None else one._replace(record=written[one.record])


def _check(draft: Draft, number: int, there: Beside) -> list[Told]:
    text = yaml_text(draft, number, there.version)
    checked = there.check(text)
    alone = [blame for blame in checked.blames if blame.rule not in ("whole pairs", "whole scenarios")]
    return told(text, checked._replace(blames=alone))


def _filled(text: Text) -> Text:
    blank = {name: value for name, value in STAND_INS.items() if not getattr(text, name)}
    focus = tuple(one if one.neutral else one.model_copy(update={"neutral": "something"}) for one in text.focus)
    return text.model_copy(update={**blank, "focus": focus})


def _found(draft: Draft, text: Text) -> Text:
    """The text with those of its Focus words that stand in it."""
    focus = tuple(one for one in text.focus if focus_places(draft.messages(text), one.word))
    return text.model_copy(update={"focus": focus})


def _nearest(text: Text, there: Beside) -> Nearest | None:
    if len(text.prompt.split()) < WORDS[0]:
        return None
    found = there.nearest(text.prompt)
    return found if found.similarity >= LIKE else None
