"""Typed values from YAML nodes; a node that is something else is `Wrong`, with a sentence that says what to write."""

import re
from collections.abc import Callable
from typing import Any

from yaml import MappingNode, Node, ScalarNode, SequenceNode

STRING, INTEGER = "tag:yaml.org,2002:str", "tag:yaml.org,2002:int"

Reader = Callable[[Node], Any]
Steps = dict[str, str | list[str]]  # how a record came about: what was done, and what is known of it


class Wrong(Exception):
    """A node that cannot be read as what it should be; never leaves `builder.source.read`."""

    def __init__(self, node: Node, message: str) -> None:
        """Say in `message` what was got and what to write; the key is put before it."""
        super().__init__(message)
        self.node = node


def as_node(node: Node) -> Node:
    """The node itself, to be read later."""
    return node


def as_list(node: Node) -> list[Node]:
    """The items of a list."""
    if not isinstance(node, SequenceNode):
        raise Wrong(node, f"must be a list; got {kind(node)}; write [one, two] or one item per line with `- `")
    return list(node.value)


def as_items(node: Node) -> list[Node]:
    """The items of a list that is not empty."""
    if not (items := as_list(node)):
        raise Wrong(node, "is an empty list; add an item")
    return items


def as_text(node: Node) -> str:
    """Text that is not blank."""
    if not isinstance(node, ScalarNode) or node.tag != STRING:
        # YAML reads `no`, `0.1` and `2020-01-01` as something else than text, which surprises people.
        raise Wrong(node, f"must be text; got {kind(node)}; write text in double quotes")
    if not node.value.strip():
        raise Wrong(node, "is blank; write text")
    return str(node.value)


def as_texts(node: Node) -> list[str]:
    """A list of texts."""
    return [as_text(item) for item in as_list(node)]


def as_numbers(node: Node) -> list[int]:
    """A list of numbers from 0 to 999."""
    for item in as_list(node):
        if not isinstance(item, ScalarNode) or item.tag != INTEGER or not re.fullmatch("[0-9]{1,3}", item.value):
            raise Wrong(item, f"must hold turn numbers, like [0, 2]; got {kind(item)}")
    return [int(item.value) for item in as_list(node)]


def as_steps(node: Node) -> Steps:
    """A mapping of names to texts or lists of texts."""
    if not isinstance(node, MappingNode):
        raise Wrong(node, f"must be a mapping of steps to what is known of them; got {kind(node)}")
    steps = {as_text(key): value for key, value in node.value}
    return {key: as_texts(value) if isinstance(value, SequenceNode) else as_text(value) for key, value in steps.items()}


def one_of(*allowed: str) -> Reader:
    """A reader of one of the allowed texts."""

    def read(node: Node) -> str:
        text = as_text(node)
        if text not in allowed:
            raise Wrong(node, f"is {text!r}; allowed: {', '.join(allowed)}")
        return text

    return read


def kind(node: Node) -> str:
    """What the node is, in words for a message."""
    if isinstance(node, MappingNode):
        return "a mapping"
    if isinstance(node, SequenceNode):
        return "a list"
    return f"{node.tag.rsplit(':', 1)[-1]} {node.value!r}"


def line(node: Node) -> int:
    """The line where the node begins, from 1."""
    return int(node.start_mark.line) + 1
