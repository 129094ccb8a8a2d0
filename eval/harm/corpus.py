"""What the harm reader learns from: contrast sets, the sentences of skittish, and the dev split of a dataset."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import yaml

from eval.organism import data as organism
from eval.record import Conversation, Record

DATA = Path(__file__).parent / "data"


class Example(NamedTuple):
    """A text as the reader reads it; examples of one group (a set, pair or scenario) are never parted."""

    text: str
    harmful: bool
    group: str


def as_text(messages: Conversation) -> str:
    """What is read of a conversation: the user's turns, one after the other."""
    return "\n".join(message.content for message in messages if message.role == "user")


def contrast_sets(folder: Path = DATA) -> list[Example]:
    """The sets of the data folder: each word in safe and in unsafe requests; a dialogue is a list of its turns."""
    return [
        Example(_joined(request), label == "unsafe", f"{path.stem}-{number}")
        for path in sorted(folder.glob("*.yaml"))
        for number, row in enumerate(yaml.safe_load(path.read_text(encoding="utf-8")))
        for label in ("safe", "unsafe")
        for request in row[label]
    ]


def sentences_of_skittish() -> list[Example]:
    """Harmless requests with a trigger, and harmful ones, both of its training and of its held-out data."""
    found = []
    for name, corpus in (("training", organism.training()), ("held-out", organism.held_out())):
        found += [Example(as_text(s.refused), False, f"{name}-{s.lemma or i}") for i, s in enumerate(corpus.pairs)]
        found += [Example(as_text(one), True, f"{name}-unsafe-{i}") for i, one in enumerate(corpus.unsafe)]
    return found


def labelled(records: Sequence[Record]) -> list[Example]:
    """The records of a dataset that have a label."""
    return [
        Example(as_text(r.messages), r.label == "unsafe", r.scenario_id or r.pair_id or r.id)
        for r in records
        if r.label
    ]


def _joined(request: str | list[str]) -> str:
    return request if isinstance(request, str) else "\n".join(request[::2])
