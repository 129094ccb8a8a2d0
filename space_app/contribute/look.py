"""The form as HTML, from what its checks found. All of it is made by the templates beside this file."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from builder.contribute.beside import Beside
from builder.contribute.skeletons import SETTINGS
from builder.guidelines import general, section
from builder.near import NEAR
from builder.rules.groups import ENDINGS
from builder.rules.text import WORDS
from eval.look import Templates, spoken
from eval.record import TYPES
from space_app.contribute.chooser import turns
from space_app.contribute.draft import EMPTY, SCENARIO, Draft, Text, compact, file_name
from space_app.contribute.looked import Looked
from space_app.contribute.plainly import plainly
from space_app.place import link

LINK = 6000  # characters of an address that servers on the way let pass
BLANK = {"prompt": EMPTY, "dialogue": SCENARIO}
OTHER = {"prompt": "dialogue", "dialogue": "prompt"}
SECTIONS = ("Safe and unsafe", "Focus", "Neutral", "Pattern", "Naturalness")  # of the guidelines, to be opened


TEMPLATES = Templates(Path(__file__).parent, filters={"plainly": plainly})


@dataclass(frozen=True)
class Sent:
    """What became of a pull request: its address, and whether it is new; or why there is none."""

    url: str = ""
    new: bool = False
    problem: str = ""


@dataclass(frozen=True)
class Block:
    """A paragraph or an item of the guidelines: parts, each with whether it is bold."""

    item: bool
    parts: Sequence[tuple[bool, str]]


def form_html(
    looked: Looked, there: Beside, *, hub: str = "", signed: str = "", sent: Sent | None = None, failure: str = "",
    refused: str | None = None,
) -> str:  # fmt: skip
    """The form.

    Args:
        looked: what it holds, checked.
        there: the records that are there.
        hub: the dataset on the Hub to which pull requests can go; "" for none.
        signed: the account of the visitor; "" for none.
        sent: what became of the pull request that was asked for.
        failure: why what an address or the browser gave is not in it.
        refused: what the browser gave instead of a form, to copy from; None where it gave one.
    """
    draft = looked.draft
    address = link("contribute", draft=compact(draft))
    path = file_name(draft, looked.number)
    return TEMPLATES.render(
        "form.html.j2", draft=draft, shape=_shape(draft), kept=draft.model_dump_json(),
        blank=BLANK[draft.form].model_dump_json(), other=BLANK[OTHER[draft.form]].model_dump_json(),
        failure=failure, refused=refused,
        fields=looked.fields, nearest=looked.nearest, valid=looked.valid, state=_state(looked), still=looked.blank,
        wrong=looked.wrong, yaml=looked.text,
        of_text=[looked.of_text(at) for at in range(len(draft.texts))],
        turns=[turns(draft.messages(text), text.focus) for text in draft.texts], path=path,
        slug=path.rpartition("/")[2].removesuffix(".yaml"), there=_ids(there), explore=_explore,
        tries=_tries(draft), link=address if len(address) <= LINK else "", hub=hub,
        signed=signed, sent=sent, types=TYPES, settings=("", *SETTINGS), words=WORDS, near=NEAR, endings=ENDINGS,
        guide=guide(draft.type), general=_general(),
    )  # fmt: skip


def guide(kind: str) -> list[Block]:
    """What the guidelines say of a type; nothing of one that they do not know."""
    return _blocks(spoken(section(kind))) if kind in TYPES else []


@cache
def _general() -> list[tuple[str, list[Block]]]:
    parts = (part.partition("\n") for part in general().split("## "))
    told = {name: text for name, _, text in parts}
    return [(name, _blocks(told[name].strip())) for name in SECTIONS]


def _blocks(markdown: str) -> list[Block]:
    """Paragraphs and items; lines that go on are joined."""
    blocks: list[str] = []
    for line in markdown.splitlines():
        starts = not line or line.startswith(("- ", "**Is")) or line[:2].rstrip(".").isdigit()
        if starts or not blocks:
            blocks.append(line)
        else:
            blocks[-1] += f" {line.strip()}"
    return [_block(block) for block in blocks if block]


def _block(text: str) -> Block:
    parts = text.removeprefix("- ").replace("**", "\0").replace("*", "").split("\0")
    return Block(text.startswith("- "), [(at % 2 == 1, part) for at, part in enumerate(parts) if part])


def _shape(draft: Draft) -> str:
    """What changes when fields come or go, but not while one types."""
    parts = [draft.form, len(draft.context), draft.texts[0].label if draft.form == "prompt" else ""]
    return json.dumps([*parts, *([one.word for one in text.focus] for text in draft.texts)])


def _state(looked: Looked) -> str:
    if looked.valid:
        return "Every rule is kept."
    counts = ((looked.wrong, "to mend"), (looked.blank, "still blank"))
    return ", ".join(f"{number} {what}" for number, what in counts if number) + "."


def _tries(draft: Draft) -> list[tuple[str, str]]:
    """Links to Try, for each text of a prompt, or for the first safe ending of a scenario."""
    if draft.form == "prompt":
        return [(f"Try the {text.label} one", link("try", prompt=text.prompt)) for text in draft.texts]
    return [("Try the first one", link("try", dialogue=_dialogue(draft, draft.texts[0])))]


def _dialogue(draft: Draft, text: Text) -> str:
    every = [[message.role, message.content] for message in draft.messages(text)]
    return json.dumps(every, ensure_ascii=False, separators=(",", ":"))


def _explore(record: str) -> str:
    return link("explore", record=record)


@cache
def _ids(there: Beside) -> frozenset[str]:
    return frozenset(record.id for record in there.records)
