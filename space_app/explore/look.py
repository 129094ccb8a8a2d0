"""The records as HTML: filters, a page of cards, one record in full; what templates need, as plain facts."""

import re
from collections.abc import Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import NamedTuple

from builder.schema import SOURCES, config
from eval.look import Templates
from eval.look.marks import Mark, cut
from eval.record import Record
from eval.twins import neutral_twin
from space_app.explore.choice import FILTERS, PAGE, Choice, Found
from space_app.explore.records import Records
from space_app.place import link

NAMES = {"xsb": "XSB, prompts", "ms_xsb": "MS-XSB, dialogues", "in_review": "in review"}
NEIGHBOURS = 2  # pages on either side that have a link


class Part(NamedTuple):
    """A piece of a turn: a Focus with its neutral word, or text between; cut into what was searched for and not."""

    pieces: list[tuple[str, bool]]
    focus: bool
    neutral: str


class Turn(NamedTuple):
    """Who says what."""

    role: str
    parts: list[Part]


class Card(NamedTuple):
    """A record with its turns, those of other label in its pair, and the addresses that open it."""

    record: Record
    dataset: str
    turns: list[Turn]
    contrasts: list["Card"]
    address: str
    in_try: str


def _named(value: str) -> str:
    return NAMES.get(value, value.replace("_", " "))


templates = Templates(Path(__file__).parent, filters={"named": _named})


def filters_html(choice: Choice, found: Found) -> str:
    """The filters, each value with its count, the one that is chosen even where nothing has it."""
    options = {name: _options(name, found, getattr(choice, name)) for name in FILTERS}
    return templates.render("filters.html.j2", options=options, choice=choice)


def page_html(records: Records, choice: Choice, found: Found) -> str:
    """A page of the records found; the last one where there are fewer."""
    pages = max(1, -(-len(found.records) // PAGE))
    at = min(choice.page, pages)
    shown = found.records[PAGE * (at - 1) : PAGE * at]
    cards = [_card(records, record, choice, with_contrasts=True) for record in shown]
    return templates.render("page.html.j2", cards=cards, choice=choice, at=at, links=_links(at, pages), pages=pages)


def record_html(records: Records, record: Record, choice: Choice, count: int) -> str:
    """One record in full, with the way back to those of the list, `count` in all."""
    twin = neutral_twin(record)[-1].content if len(record.focus) == len(record.neutral) > 0 else ""
    return templates.render(
        "record.html.j2", card=_card(records, record, choice, with_contrasts=True), count=count, twin=twin,
        back=choice.address(record=""), source=SOURCES.get(record.source), readings=records.readings(record),
        origin=records.origin,
    )  # fmt: skip


def error_html(message: str, again: str, button: str) -> str:
    """What went wrong, and a link that leads on."""
    return templates.render("error.html.j2", message=message, again=again, button=button)


def _options(name: str, found: Found, chosen: str) -> list[tuple[str, int]]:
    """The values of a filter: of the topic those with most records first, else in the records' order."""
    counts = found.counts[name]
    values = [value for value, _ in counts.most_common()] if name == "topic" else list(counts)
    missing = [chosen] if chosen and chosen not in counts else []
    return [(value, counts[value]) for value in [*values, *missing] if value]


def _links(at: int, pages: int) -> list[int | None]:
    """The pages to link to; None where some are left out."""
    near = sorted({1, pages, *range(max(1, at - NEIGHBOURS), min(pages, at + NEIGHBOURS) + 1)})
    found: list[int | None] = [1]
    for before, after in pairwise(near):
        found += [after] if after - before == 1 else [None, after]
    return found


def _card(records: Records, record: Record, choice: Choice, *, with_contrasts: bool = False) -> Card:
    words = choice.q.split()
    turns = [Turn(message.role, _parts(record, at, words)) for at, message in enumerate(record.messages)]
    others = records.contrasts(record) if with_contrasts else []
    address, in_try = choice.address(record=record.id), link("try", record=record.id)
    return Card(record, config(record), turns, [_card(records, o, choice) for o in others], address, in_try)


def _parts(record: Record, turn: int, words: Sequence[str]) -> list[Part]:
    """A turn cut where a Focus begins or ends, and each piece where a word of the search does."""
    text = record.messages[turn].content
    neutral = [*record.neutral, *[""] * len(record.focus)]
    focus = [(span, neutral[at]) for at, span in enumerate(record.focus_spans) if span.turn == turn]
    marks = [*((span.start, span.end) for span, _ in focus), *_hits(text, words)]
    parts = []
    for of, pieces in groupby(cut(text, marks), lambda piece: [at for at in piece[1] if at < len(focus)]):
        shown = [(part, any(at >= len(focus) for at in inside)) for part, inside in pieces]
        parts.append(Part(shown, bool(of), focus[of[0]][1] if of else ""))
    return parts


def _hits(text: str, words: Sequence[str]) -> list[Mark]:
    """Where one of the words stands; those that touch are one."""
    hit = bytearray(len(text))
    for word in set(words):
        for found in re.finditer(re.escape(word), text, re.IGNORECASE):
            hit[found.start() : found.end()] = b"\1" * len(found[0])
    return [run.span() for run in re.finditer(b"\1+", hit)]
