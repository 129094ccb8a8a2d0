"""Records as YAML, as the shipped files have it, appended to the text of their file.

The text is read back first: there is none unless exactly the wanted records come out.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from yaml import MappingNode, SequenceNode

from builder.source.nodes import STRING, Steps
from builder.source.read import read_folder
from eval.errors import InputError
from eval.record import Record
from eval.visible import visible

OF_DEFAULTS = ("version", "author_kind", "source")
NESTED = "  "


def file_text(file: Path, records: Sequence[Record], steps: Mapping[str, Steps]) -> str:
    """The text of the file with the records at its end; one that does not exist is begun.

    Args:
        file: a type's file for prompts, a scenario's file for its endings.
        records: what to append.
        steps: how each came about, by the record's id.

    Raises:
        InputError: records cannot be appended to the file as it is laid out.
    """
    old = file.read_text(encoding="utf-8") if file.exists() else _head(records[0])
    defaults = yaml.load(old, Loader=yaml.CSafeLoader)["defaults"]
    dash = _dash(old)
    blocks = [_block(record, defaults, steps.get(record.id, {}), dash) for record in records]
    text = old.rstrip("\n") + "\n" + "".join(blocks)
    before = read_folder(file)[0] if file.exists() else []
    with TemporaryDirectory() as folder:
        trial = Path(folder) / file.name
        trial.write_text(text, encoding="utf-8")
        found, problems = read_folder(trial)
    if problems or found != [*before, *records]:
        raise InputError(
            f"cannot append to {file}: its list must come last, with each `- ` at one depth; lay it out like that"
        )
    return text


def new_text(records: Sequence[Record]) -> str:
    """The text of a new file with these records, of one type or one scenario, complete or not: nothing is checked."""
    head = _head(records[0])
    defaults = {name: getattr(records[0], name) for name in OF_DEFAULTS}
    return head + "".join(_block(record, defaults, {}, NESTED) for record in records)


def _head(record: Record) -> str:
    """The beginning of a new file, up to its list."""
    kind = _scalar(record.author_kind)
    defaults = f'{{source: {_scalar(record.source)}, author_kind: {kind}, version: "{record.version}"}}'
    if record.scenario_id is None:
        return f"type: {_scalar(record.type)}\ndefaults: {defaults}\nrecords:\n"
    facts = {"scenario_id": record.scenario_id, "type": record.type, "topic": record.topic}
    lines = [f"{name}: {_scalar(value)}" for name, value in facts.items()]
    context = [f"  - {message.role}: {_quoted(message.content)}" for message in record.messages[:-1]]
    return "\n".join([*lines, f"split: {record.split}", f"defaults: {defaults}", "context:", *context, "endings:\n"])


def _dash(text: str) -> str:
    """The blanks before the dash of each item of the file's list."""
    root = yaml.compose(text, Loader=yaml.CSafeLoader)
    for key, value in root.value if isinstance(root, MappingNode) else []:
        if key.value in ("records", "endings") and isinstance(value, SequenceNode) and value.value:
            column: int = value.value[0].start_mark.column
            return " " * (column - len("- "))
    return NESTED


def _block(record: Record, defaults: Mapping[str, str], steps: Steps, dash: str) -> str:
    lines = [*_fields(record, defaults), *_provenance(steps)]
    return "".join(f"{dash}{'  ' if number else '- '}{line}\n" for number, line in enumerate(lines))


def _fields(record: Record, defaults: Mapping[str, str]) -> Iterator[str]:
    prompt = record.scenario_id is None
    yield f"id: {_scalar(record.id)}"
    yield f"prompt: {_quoted(record.prompt)}"
    yield f"label: {record.label}"
    yield f"focus: {_flow(record.focus)}"
    if not prompt:
        yield f"focus_turns: [{', '.join(str(span.turn) for span in record.focus_spans)}]"
    yield f"neutral: {_flow(record.neutral)}"
    yield f"pattern: {_scalar(record.pattern)}"
    if record.pair_id not in (None, record.scenario_id):
        yield f"pair_id: {_scalar(str(record.pair_id))}"
    if prompt:
        yield f"topic: {_scalar(record.topic)}"
    yield f"why: {_quoted(record.why)}"
    if prompt:
        yield f"split: {record.split}"
    own = {name: getattr(record, name) for name in OF_DEFAULTS}
    yield from (f"{name}: {_quoted(value)}" for name, value in own.items() if value != defaults[name])


def _provenance(steps: Steps) -> Iterator[str]:
    if steps:
        yield "provenance:"
    for name, known in steps.items():
        if isinstance(known, str):
            yield f"{NESTED}{name}: {_quoted(known)}"
        else:
            yield f"{NESTED}{name}:"
            yield from (f"{NESTED}{NESTED}- {_quoted(item)}" for item in known)


def _flow(texts: Sequence[str]) -> str:
    return f"[{', '.join(_scalar(text) for text in texts)}]"


def _scalar(text: str) -> str:
    """The text without quotes, if YAML reads it as it stands."""
    try:
        node = yaml.compose(f"[{text}]", Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        return _quoted(text)
    items = node.value if isinstance(node, SequenceNode) else []
    return text if [(item.tag, item.value) for item in items] == [(STRING, text)] else _quoted(text)


def _quoted(text: str) -> str:
    """The text in double quotes, what cannot be seen as an escape."""
    return visible(json.dumps(text, ensure_ascii=False))
