"""Loads a published dataset as its users do, in a process of its own: datasets reads where its caches are at import.

With a warm cache and no network datasets gives other rows than those of the revision that was asked for, so the caches
are new folders.
"""

import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from builder.release.check import Table, Tables
from eval.errors import XsbError


def load_back(repo_id: str, revision: str, tables: Tables, cache: Path) -> None:
    """Load every config and split at a revision, with its caches below `cache`, and compare the rows.

    Raises:
        XsbError: they cannot be loaded, or are others.
    """
    caches = {
        "HF_HUB_CACHE": str(cache),
        "HF_DATASETS_CACHE": str(cache / "datasets"),
        "HF_UPDATE_DOWNLOAD_COUNTS": "0",
    }
    asked = [f"{config}/{split}" for config, splits in tables.items() for split in splits]
    command = [sys.executable, "-m", __name__, repo_id, revision, *asked]
    done = subprocess.run(command, env={**os.environ, **caches}, capture_output=True, text=True, check=False)
    told = f"published as {revision[:12]}, but load_dataset"
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise XsbError(f"{told} does not load it: {reason[:200]}; run the same command again")
    loaded = json.loads(done.stdout.splitlines()[-1])
    for config, splits in tables.items():
        for split, rows in splits.items():
            if loaded[f"{config}/{split}"] != checksum(rows):
                raise XsbError(
                    f"{told} gives other rows in {config}/{split} than the release has; look at the card's head"
                )


def checksum(rows: Table) -> str:
    """SHA-256 of rows and their order, whatever the order of their columns."""
    return sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()


def main(repo_id: str, revision: str, asked: list[str]) -> None:
    """Print the checksum of each `config/split` as JSON."""
    from datasets import load_dataset

    parts = [name.split("/") for name in asked]
    loaded = {f"{c}/{s}": load_dataset(repo_id, c, split=s, revision=revision).to_list() for c, s in parts}
    print(json.dumps({name: checksum(rows) for name, rows in loaded.items()}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
