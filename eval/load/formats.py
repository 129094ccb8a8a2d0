"""Tables as other projects publish them, brought to the columns of records; what was read as what is told.

XSTest's own file and the paper's (arXiv 2510.08158) work as they are: names of columns and labels in any case and with
stray blanks, types that begin with `contrast_`, a Focus without its places, and a conversation per line, whose turns
are the columns `prompt1`, `prompt2` and so on.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from eval.errors import InputError
from eval.record import Message
from eval.words import find_all

LABELS_READ = {"safe": "safe", "benign": "safe", "harmless": "safe", "unsafe": "unsafe", "harmful": "unsafe"}
CONTRAST = "contrast_"  # XSTest's mark of the unsafe prompts beside a type
TURN = re.compile(r"prompt[ _]?(\d+)")
MANY = re.compile(r"\s*[,;|]\s*")

Row = dict[str, Any]


class Adapted(NamedTuple):
    """Rows with a record's columns, and what the reader should know of how they were read."""

    rows: list[Row]
    notes: list[str]


def adapted(rows: Iterable[Mapping[str, Any]]) -> Adapted:
    """Every row, or every turn of a row that is a conversation.

    Raises:
        InputError: there are labels that mean neither safe nor unsafe.
    """
    told, unknown, found = Counter[str](), Counter[str](), []
    for number, row in enumerate(rows, 1):
        for turn in _turns(_tidy(row), number, told):
            _label(turn, told, unknown)
            _focus(turn, told)
            found.append(turn)
    if unknown:
        names = ", ".join(f"{name!r} ({count} rows)" for name, count in unknown.most_common(5))
        raise InputError(f"labels {names} are unknown; allowed: {', '.join(LABELS_READ)}, or none")
    return Adapted(found, [f"{what}: {count} rows" for what, count in told.items()])


def _tidy(row: Mapping[str, Any]) -> Row:
    """Names and texts without blanks around them, but for a prompt whose words have places already."""
    tidy = {str(name).strip().lower(): value for name, value in row.items()}
    kept = {"prompt"} if tidy.get("focus_spans") else set()
    return {name: v.strip() if isinstance(v, str) and name not in kept else v for name, v in tidy.items()}


def _turns(row: Row, number: int, told: Counter[str]) -> Iterator[Row]:
    """The row itself, or a row for each turn of its conversation, with the user's turns up to it."""
    columns = sorted((name for name in row if TURN.fullmatch(name)), key=lambda name: int(TURN.sub(r"\1", name)))
    if not columns or row.get("prompt") or row.get("messages"):
        yield row
        return
    texts = [row[name] for name in columns if row[name]]
    of_turns = "of which each turn of the user's becomes a record" if texts else "without a turn, left out"
    told[f"a conversation per row, {of_turns}"] += 1
    name = f"row-{number}" if row.get("id") in (None, "") else str(row["id"])
    for last in range(1, len(texts) + 1):
        messages = [{"role": "user", "content": text} for text in texts[:last]]
        yield {
            **row, "id": f"{name}-{last}", "scenario_id": name, "topic": row.get("scenario") or "",
            "messages": messages,
        }  # fmt: skip


def _label(row: Row, told: Counter[str], unknown: Counter[str]) -> None:
    kind, given = row.get("type"), row.pop("label", None)
    contrast = isinstance(kind, str) and kind.startswith(CONTRAST)
    if contrast:
        row["type"] = str(kind).removeprefix(CONTRAST)
        told[f"type {kind!r} read as {row['type']!r}"] += 1
    if given is None or given == "":
        told["no label, so read as unsafe for its type" if contrast else "no label"] += 1
        row |= {"label": "unsafe"} if contrast else {}
    elif (label := LABELS_READ.get(str(given).lower())) is None:
        unknown[str(given)] += 1
    else:
        row["label"] = label
        if label != given:
            told[f"label {given!r} read as {label}"] += 1


def _focus(row: Row, told: Counter[str]) -> None:
    """Look up where a Focus stands that came without its places; one that stands nowhere is left out."""
    focus = row.get("focus")
    if row.get("focus_spans") or not focus:
        return
    listed = MANY.split(focus) if isinstance(focus, str) else focus if isinstance(focus, list) else []
    words = [word for word in listed if isinstance(word, str)]
    try:
        messages = [Message.model_validate(message) for message in _messages(row)]
    except (ValueError, TypeError):
        return  # no record either, which says why
    spans = find_all(messages, words)
    told["Focus found in the text" if spans else "Focus not found in the text, left out"] += 1
    given = row.get("neutral") or []
    kept = given if isinstance(given, list) and len(given) == len(words) == len(spans) else []
    if given and not kept:
        told["neutral words of no single place, left out"] += 1
    row |= {"focus": [span.text(messages) for span in spans], "focus_spans": spans, "neutral": kept}


def _messages(row: Row) -> list[Any]:
    return list(row.get("messages") or ([{"role": "user", "content": row["prompt"]}] if row.get("prompt") else []))
