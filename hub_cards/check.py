"""Whether a card can be believed: no placeholder, no empty section, no link to nowhere, no number without a source.

A number is believed if a report holds it, in one of the ways in which numbers are written, or if it stands in one of
the phrases of `ALLOWED`. That the number stands in the right place is for the templates, which hold no numbers but
those phrases; a test sees to it.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from hub_cards.dataset import SIZES

# What cards say in digits that no report holds: the phrase, and why it may stand there.
ALLOWED = {
    "95 %": "the level of every interval",
    "<0.001": "less than three digits can say",
    "5 %": "the level of every test",
    "2510.08158": "the paper's number on arXiv",
    "year          = {2025}": "the paper's",
    "yuan2025beyond": "the paper's key",
    "cc-by-4.0": "the name of a licence",
    "CC-BY-4.0": "the name of a licence",
    "apache-2.0": "the name of a licence",
    "Apache-2.0": "the name of a licence",
    "(1 to 5)": "the scale of naturalness",
    "from 0": "where turns and characters are counted from",
    "0 to 1": "the range of shares",
    "-1 to 1": "the range of kappa, alpha and differences",
    "1 is full agreement": "what kappa says",
    "0 is chance": "what kappa says",
    "below 4": "the mean naturalness that calls for a rewrite",
    "1960": "the year of Cohen's paper",
    "1947": "the year of McNemar's paper",
    "SHA-256": "the name of a checksum",
    **dict.fromkeys(SIZES, "a size category of the Hub"),
    "bfloat16": "the name of a number format",
    "float32": "the name of a number format",
}
PLACEHOLDERS = re.compile(
    r"\{\{|\}\}|\{%|%\}|\bT[B]D\b|\bT[O]DO\b|\bF[I]XME\b|\bX[X]X\b|lorem[ ]ipsum|more information needed"
    r"|your[-_ ]\w+[-_ ]here|\| *(?:None|nan|NaN|undefined) *(?=\|)",
    re.IGNORECASE,
)
NUMBER = re.compile(r"\w*\d\w*(?:[.,]\d+)*")
HEADING = re.compile(r"^(#+) +(.+)$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
FILE = re.compile(r"`([\w/-]+\.(?:jsonl?|parquet|safetensors|html|md|ya?ml))`")
HIDDEN = re.compile("\u2039U.{4,6}\u203a")  # how `render` shows what is invisible
NAME = re.compile(r"`[^`\n]+`")  # what others called something
CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def problems(card: str, facts: object, files: Collection[str] = ()) -> list[str]:
    """What is wrong with a card, a line each; none for one that can be published.

    Args:
        card: its text.
        facts: the reports that it is made of, as JSON values.
        files: what lies beside it, which its links and the files that it names must be among.
    """
    return [*_placeholders(card), *_sections(card), *_links(card, files), *_numbers(card, facts)]


def numbers(facts: object) -> set[str]:
    """Every number of some facts, in all the ways in which a card may write it, without sign."""
    return {written for value in _values(facts) for written in _written(value)}


def _values(facts: object) -> Iterator[object]:
    if isinstance(facts, Mapping):
        for key, value in facts.items():
            yield key
            yield from _values(value)
    elif isinstance(facts, Sequence) and not isinstance(facts, str):
        for value in facts:
            yield from _values(value)
    else:
        yield facts


def _written(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield from (found.removeprefix("v") for found in NUMBER.findall(value))
    elif isinstance(value, int) and not isinstance(value, bool):
        yield from (f"{abs(value)}", f"{abs(value):,}")
    elif isinstance(value, float):
        size = abs(value)
        yield f"{size}"
        yield f"{size:g}"
        yield from (f"{size:.{digits}f}" for digits in (1, 2, 3))
        yield from (f"{100 * size:.{digits}f}" for digits in (0, 1))


def _numbers(card: str, facts: object) -> Iterator[str]:
    known = numbers(facts)
    for line in card.splitlines():
        left = HIDDEN.sub(" ", line)
        for phrase in ALLOWED:
            left = re.sub(rf"(?<!\w){re.escape(phrase)}(?!\w)", " ", left)
        for found in NUMBER.findall(left):
            if found.removeprefix("v") not in known:
                yield f"no report holds the number {found}: {line.strip()}"


def _placeholders(card: str) -> Iterator[str]:
    for line in card.splitlines():
        if found := PLACEHOLDERS.search(NAME.sub("name", line)):
            yield f"a placeholder, {found[0].strip()}: {line.strip()}"


def _sections(card: str) -> Iterator[str]:
    """Headings without a word or a deeper heading below them."""
    text = CODE.sub("code", card)
    found = list(HEADING.finditer(text))
    for here, after in zip(found, [*found[1:], None], strict=True):
        below = text[here.end() : after.start() if after else len(text)].strip()
        if not below and (after is None or len(after[1]) <= len(here[1])):
            yield f"an empty section: {here[2]}"


def _links(card: str, files: Collection[str]) -> Iterator[str]:
    anchors = {re.sub(r"[^\w -]", "", name.lower()).replace(" ", "-") for _, name in HEADING.findall(card)}
    for target in LINK.findall(card):
        here, _, anchor = target.partition("#")
        fine = here in files if here else anchor in anchors
        if not target.startswith("https://") and not fine:
            yield f"a link to nowhere: {target}"
    for name in dict.fromkeys(FILE.findall(card)):
        if files and name not in files:
            yield f"a file that is not there: {name}"
