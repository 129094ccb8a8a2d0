"""Skeletons for new records: YAML files in which all is filled in but what only a person can write.

A skeleton explains every field where it stands, in the words of the guidelines. What has to be written is "", which
`xsb-build validate` reports as blank, so that no skeleton passes for a record. Nothing here checks what was written.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from builder.guidelines import general, section
from builder.llm.draft import Setting
from builder.review.reading import REPLACED, reviews_beside
from builder.rules.annotation import CONTEXTS
from builder.rules.groups import ENDINGS
from builder.rules.text import ID, WORDS
from builder.schema import COLUMNS
from builder.versions import next_version
from eval.errors import InputError, UnknownName
from eval.record import PATTERNS
from hub_cards.render import environment

TEMPLATES = Path(__file__).parent / "templates"
SETTINGS: tuple[str, ...] = get_args(Setting)


def new_prompt(kind: str, folder: Path) -> Path:
    """Write a safe prompt and its unsafe contrast, both blank, to a file of their own, and return the file.

    The file is named by the first of its ids, so that git shows it when two people took the same one.

    Args:
        kind: the type.
        folder: the records.

    Raises:
        UnknownName: no such type.
        InputError: the folder does not exist, or the file does.
    """
    facts = _facts(kind, folder)
    first = free_number(kind, folder)
    numbers = [f"{number:03d}" for number in (first, first + 1)]
    return _write(folder / "xsb" / f"{kind}-{numbers[0]}.yaml", numbers=numbers, **facts)


def new_scenario(slug: str, kind: str, topic: str, folder: Path) -> Path:
    """Write a scenario with two exchanges and six endings, all blank, and return the file.

    Args:
        slug: names the file and the scenario.
        kind: the type.
        topic: one of `SETTINGS`, or "" to have it filled in.
        folder: the records.

    Raises:
        UnknownName: no such type or setting.
        InputError: the slug is no plain name or was used before, the folder does not exist, or the file does.
    """
    if not ID.fullmatch(slug):
        raise InputError(f"{slug!r} is no plain name; use a-z, 0-9, hyphens and underscores, like night-bakery")
    if topic and topic not in SETTINGS:
        raise UnknownName("topic", topic, SETTINGS)
    facts, scenario = _facts(kind, folder), f"ms-xsb-{slug}"
    file = folder / "ms_xsb" / f"{slug}.yaml"
    if not file.exists() and scenario in scenarios_ever(folder):
        raise InputError(f"the id {scenario} is in use, or was once; choose another name than {slug!r}")
    return _write(file, scenario=scenario, topic=topic, settings=SETTINGS, endings=ENDINGS, **facts)


def free_number(kind: str, folder: Path) -> int:
    """The number after the highest that a prompt of the type ever had."""
    return max((int(number) for number in _used(rf"xsb-{kind}-(\d+)", folder)), default=0) + 1


def scenarios_ever(folder: Path) -> set[str]:
    """The ids that a scenario has, or once had; the ids of their records are among them."""
    found = set(_used(r"ms-xsb-[\w-]+", folder))
    return found | {re.sub(r"-\d+$", "", name) for name in found}


def _facts(kind: str, folder: Path) -> dict[str, object]:
    """What both skeletons tell; the texts are those of the guidelines, without marks for bold and italics."""
    about = section(kind).partition("\n- ")[0]
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; give the one that holds xsb and ms_xsb")
    headings = {name: name.lower() for name in ("Naturalness", "Focus", "Neutral", "Pattern", "Pairs")}
    told = {key: _plain(_under(heading)) for heading, key in {**headings, "Safe and unsafe": "decide"}.items()}
    allowed = {label: [p for p in PATTERNS if p.endswith(context)] for label, context in CONTEXTS.items()}
    return {
        "type": kind, "kind": _plain(about), "version": next_version(folder), "words": WORDS, "allowed": allowed,
        "columns": COLUMNS, **told,
    }  # fmt: skip


def _under(heading: str) -> str:
    """The section of the guidelines with this heading, its paragraphs one below the other."""
    after = general().partition(f"## {heading}\n")[2]
    return after.partition("\n## ")[0].strip().replace("\n\n", "\n")


def _plain(markdown: str) -> str:
    return re.sub(r"(\*\*?)(\S.*?)\1", r"\2", markdown, flags=re.DOTALL)


def _used(pattern: str, folder: Path) -> Iterator[str]:
    """Every match of the pattern as a whole id, in records (finished or not) and in what they replaced."""
    whole = re.compile(rf"(?<![\w-]){pattern}(?![\w-])")
    for file in (*folder.rglob("*.y*ml"), reviews_beside(folder) / REPLACED):
        if file.is_file():
            yield from whole.findall(file.read_text(encoding="utf-8", errors="replace"))


def _write(file: Path, **facts: object) -> Path:
    template = "scenario" if "scenario" in facts else "prompt"
    text = environment(TEMPLATES).get_template(f"{template}.yaml.j2").render(**facts)
    file.parent.mkdir(exist_ok=True)
    try:
        with file.open("x", encoding="utf-8") as new:
            new.write(text)
    except FileExistsError as error:
        raise InputError(f"{file} exists and is kept; fill it in, or move it away and run this again") from error
    return file
