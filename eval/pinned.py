"""Which commit of a repository on the Hub is meant, asked once, so that all its files come from the same one."""

import re
from pathlib import Path
from typing import Literal

COMMIT = re.compile(r"[0-9a-f]{40}")


def commit_of(name: str, kind: Literal["model", "dataset"], revision: str | None = None) -> str | None:
    """The commit of a branch or tag; without one of the default branch. A commit is itself, and the Hub is not asked.

    What cannot be asked for, such as a folder, a missing repository, or anything offline, keeps its revision: whoever
    loads it then says what is wrong, or finds it in the cache.
    """
    if Path(name).exists() or (revision and COMMIT.fullmatch(revision)):
        return revision
    from httpx2 import TransportError  # with the Hub's client: half a second, which a folder should not wait for
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    from hub_cards.hub import Repository

    try:
        return Repository(name, kind).head(revision or "main") or revision
    except (HfHubHTTPError, OfflineModeIsEnabled, TransportError, ValueError):
        return revision
