"""`check_record` for programs: the rules of `xsb-build validate` on the text of a record, or of a file of records.

A text is looked at before it is read as YAML: it is short, not deep, and nothing in it refers to another part.
"""

import json
from collections.abc import Sequence
from typing import Any

import yaml
from yaml import AliasEvent, CollectionEndEvent, CollectionStartEvent, MappingNode, Node, ScalarNode, SequenceNode
from yaml.events import NodeEvent

from builder.contribute.beside import Beside, beside
from builder.shipped import RECORDS
from builder.source.nodes import STRING
from builder.source.write import new_text
from eval.errors import InputError
from eval.record import Record
from space_app.contribute.problems import plain, told

LONGEST = 20_000  # characters
DEEP = 6  # levels of lists and mappings; a file of records has three
MOST = 24  # records
MAPPING, SEQUENCE = "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"
HEAD = ("source", "author_kind", "version")


def check_record(record: str | dict[str, Any]) -> dict[str, Any]:
    """Check a new record for the dataset with the rules of `xsb-build validate`, beside all records that are there.

    A prompt needs its contrast: a pair is checked as a file, with both under `records`. Nothing is stored.

    Args:
        record: the record as YAML text, or as a JSON object, with the keys type, prompt, label (safe or unsafe), focus
            (list of words of the prompt that look bad), neutral (a replacement for each), pattern (like "dangerous word
            in ordinary context"), topic, why, author_kind (human, model or model+human), and optionally id, split,
            pair_id, version, source; or the whole text of a file of records: type, defaults and records for prompts,
            scenario_id, type, topic, split, defaults, context and endings for a dialogue

    Returns:
        valid, problems (each with problem, field, record, and other: the id of a record that is too near), and yaml:
        the file for a pull request, empty while it is not valid
    """
    there = beside(RECORDS)
    try:
        text = _file(record, there)
        checked = there.check(text)
    except InputError as error:
        problem = {"record": None, "field": "", "problem": str(error), "other": None}
        return {"valid": False, "problems": [problem], "yaml": ""}
    problems = list(plain(told(text, checked)))
    return {"valid": checked.valid, "problems": problems, "yaml": _written(checked.records) if checked.valid else ""}


def _written(records: Sequence[Record]) -> str:
    return new_text(records)


def _file(record: object, there: Beside) -> str:
    """The text of the file that the record stands in, or would stand in.

    Raises:
        InputError: it is no YAML, or none that a record can be.
    """
    text = record if isinstance(record, str) else json.dumps(record, ensure_ascii=False, default=str)
    _look_before(text)
    try:
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise InputError(f"no readable YAML ({_reason(error)}); put texts in double quotes") from error
    if not isinstance(root, MappingNode):
        raise InputError("a record is a mapping of keys to values; write `prompt: ...` and so on, a key per line")
    values = {key.value: value for key, value in root.value if isinstance(key, ScalarNode)}
    for name in ("records", "endings"):
        if isinstance(found := values.get(name), SequenceNode) and len(found.value) > MOST:
            raise InputError(f"{len(found.value)} records are too many at once; check at most {MOST}")
    if not values.keys() & {"records", "endings"}:
        root = _around(root, values, there)
    elif isinstance(record, str):
        return text
    return str(yaml.serialize(_laid_out(root), Dumper=yaml.CSafeDumper, allow_unicode=True, width=LONGEST))


def _look_before(text: str) -> None:
    """Refuse what would be more when it is read than it is as a text."""
    if len(text) > LONGEST:
        raise InputError(f"{len(text):,} characters are too many; a record has less than {LONGEST:,}")
    depth = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor):
                raise InputError("`&` and `*` at a value's begin refer to other parts; put such texts in double quotes")
            depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
            if depth > DEEP:
                raise InputError(f"more than {DEEP} levels of lists and mappings; a record has three")
    except (yaml.YAMLError, UnicodeError) as error:
        raise InputError(f"no readable YAML ({_reason(error)}); put texts in double quotes") from error


def _around(record: MappingNode, values: dict[str, Node], there: Beside) -> Node:
    """A file of this one record; what the form would fill in is filled in."""
    kind = values["type"].value if isinstance(values.get("type"), ScalarNode) else ""
    number = there.free_number(kind)
    head: dict[str, Node] = {"source": _text("xsb"), "version": _text(there.version)}
    head |= {name: values[name] for name in HEAD if name in values}
    own = {"id": _text(f"xsb-{kind or 'type'}-{number:03d}"), "split": _text("dev")}
    rest = [(key, value) for key, value in record.value if key.value not in ("type", *HEAD)]
    known: list[tuple[Node, Node]] = [(_key(key), value) for key, value in own.items() if key not in values]
    return _mapping(
        ("type", values.get("type", _text(""))),
        ("defaults", _mapping(*head.items())),
        ("records", SequenceNode(SEQUENCE, [MappingNode(MAPPING, [*known, *rest])])),
    )


def _mapping(*pairs: tuple[str, Node]) -> MappingNode:
    return MappingNode(MAPPING, [(_key(key), value) for key, value in pairs])


def _laid_out(node: Node) -> Node:
    """The node as our files have it: a key per line, lists of texts in brackets."""
    if isinstance(node, MappingNode):
        named = ((_key(key.value) if key.tag == STRING else key, value) for key, value in node.value)
        return MappingNode(MAPPING, [(key, _laid_out(value)) for key, value in named], flow_style=False)
    if isinstance(node, SequenceNode):
        flow = all(isinstance(item, ScalarNode) for item in node.value)
        return SequenceNode(SEQUENCE, [_laid_out(item) for item in node.value], flow_style=flow)
    return node


def _key(name: str) -> ScalarNode:
    return ScalarNode(STRING, name)


def _text(value: str) -> ScalarNode:
    return ScalarNode(STRING, value, style='"')


def _reason(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    reason = getattr(error, "problem", None) or str(error).splitlines()[0]
    return f"{reason}, line {mark.line + 1}" if mark else reason
