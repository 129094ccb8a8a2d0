"""What a release changes of an earlier one."""

from typing import Any

from builder.release.check import Tables
from builder.release.difference import Change, card_diff, differences


def row(name: str, kind: str = "homonyms", **other: Any) -> dict[str, Any]:
    return {"id": name, "type": kind, "version": "1.0.0", "review": None, **other}


def tables(test: list[dict[str, Any]], dev: list[dict[str, Any]], dialogues: list[dict[str, Any]]) -> Tables:
    return {"xsb": {"test": test, "dev": dev}, "ms_xsb": {"test": dialogues, "dev": []}}


def test_rows_that_differ_are_counted_by_type() -> None:
    old = tables([row("a"), row("b")], [row("c"), row("d", "definition")], [row("e")])
    new = tables([row("a"), row("b", why="else"), row("c")], [row("f", "definition")], [row("e")])
    assert differences(old, new) == [Change("xsb", "definition", 1, 0, 1), Change("xsb", "homonyms", 0, 2, 0)]
    assert differences(new, new) == []
    assert differences(tables([], [], []), tables([], [], [row("e")])) == [Change("ms_xsb", "homonyms", 1, 0, 0)]


def test_lines_of_the_card() -> None:
    assert card_diff("one\ntwo\n", "one\n2\n") == ["-two", "+2"]
