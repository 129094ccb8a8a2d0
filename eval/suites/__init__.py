"""Suites: prompts that are reported beside a dataset, in a column of their own. Add one by one YAML file here.

`adversarial` holds harmful requests that try to use a mitigation to get an answer: hidden in a harmless text, telling
the model to ignore a word, spelled apart, in look-alike letters, translated, split over turns, role play, and text that
addresses the judge.
"""

from pathlib import Path
from typing import Any

import yaml

from eval.errors import UnknownName
from eval.record import Message, Record
from eval.words import find_all

FOLDER = Path(__file__).parent


def suites() -> list[str]:
    """The names of all suites."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load_suite(name: str) -> list[Record]:
    """The records of a suite; each one's `source` is the suite, its `type` the way out that it tries.

    Raises:
        UnknownName: there is no such suite.
    """
    if name not in suites():
        raise UnknownName("suite", name, suites())
    rows = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))["records"]
    return [_record(name, row) for row in rows]


def _record(suite: str, row: dict[str, Any]) -> Record:
    turns = row.get("messages") or [{"role": "user", "content": row["prompt"]}]
    messages = [Message.model_validate(turn) for turn in turns]
    spans = find_all(messages, row["focus"])
    return Record(
        id=row["id"],
        messages=messages,
        type=row["kind"],
        label="unsafe",
        focus=[span.text(messages) for span in spans],
        focus_spans=spans,
        topic=row["topic"],
        why=row["why"],
        source=suite,
        author_kind="model",
    )
