"""What the settings name where data come from: a place on this machine, or a dataset on the Hub."""

import re
from pathlib import Path
from typing import NamedTuple

NAME = re.compile(r"([\w-][\w.-]*/[\w-][\w.-]*)(?:@([\w./-]+))?")


class OnHub(NamedTuple):
    """A repository on the Hub, and which revision of it; its main branch where none is named."""

    repo_id: str
    revision: str = "main"


def on_hub(name: str) -> OnHub | None:
    """What `ORG/NAME` or `ORG/NAME@REVISION` names, unless something of that name is on this machine; else None."""
    found = NAME.fullmatch(name)
    if found is None or Path(name).exists():
        return None
    return OnHub(found[1], found[2] or "main")
