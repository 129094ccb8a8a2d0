"""What a release changes of an earlier one: rows by config and type, lines of the card."""

from collections import Counter
from difflib import unified_diff
from typing import Any, NamedTuple

from builder.release.check import Tables
from builder.schema import CONFIGS


class Change(NamedTuple):
    """How many rows of one config and type are new, different (or in the other split), and gone."""

    config: str
    type: str
    added: int
    changed: int
    removed: int


def differences(old: Tables, new: Tables) -> list[Change]:
    """The configs and types whose rows differ, xsb first."""
    counts: dict[str, Counter[tuple[str, str]]] = {name: Counter() for name in ("added", "changed", "removed")}
    for config in CONFIGS:
        before, after = _by_id(old, config), _by_id(new, config)
        counts["added"].update((config, after[name]["type"]) for name in after.keys() - before.keys())
        counts["removed"].update((config, before[name]["type"]) for name in before.keys() - after.keys())
        both = before.keys() & after.keys()
        counts["changed"].update((config, after[name]["type"]) for name in both if before[name] != after[name])
    keys = sorted({key for counter in counts.values() for key in counter}, key=lambda k: (CONFIGS.index(k[0]), k[1]))
    return [Change(*key, *(counter[key] for counter in counts.values())) for key in keys]


def _by_id(tables: Tables, config: str) -> dict[str, dict[str, Any]]:
    splits = tables.get(config, {})
    return {row["id"]: {**row, "split": split} for split, rows in splits.items() for row in rows}


def card_diff(old: str, new: str) -> list[str]:
    """The lines that a card loses (-) and gains (+)."""
    lines = unified_diff(old.splitlines(), new.splitlines(), n=0, lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]
