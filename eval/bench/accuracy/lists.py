"""Word lists beside this file; `#` begins a remark."""

import re
from functools import cache
from pathlib import Path


@cache
def word_list(name: str) -> frozenset[str]:
    """The words of a list, in lower case."""
    lines = Path(__file__).with_name(f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip().lower() for line in lines if line and not line.startswith("#"))


@cache
def inflected(name: str) -> re.Pattern[str]:
    """What matches a word of a list in any regular inflection: kill, kills, killed, killing, killer, killers."""
    stems = [_stem(word) for word in sorted(word_list(name))]
    return re.compile(rf"(?:{'|'.join(stems)})(?:'s|s')?", re.IGNORECASE)


def _stem(word: str) -> str:
    if word.endswith("e"):
        return re.escape(word[:-1]) + "(?:e|es|ed|er|ers|ing)"
    if word.endswith("y"):
        return re.escape(word[:-1]) + "(?:y|ies|ied|ying)"
    return re.escape(word) + f"(?:{word[-1]}?(?:ed|er|ers|ing)|s|es)?"
