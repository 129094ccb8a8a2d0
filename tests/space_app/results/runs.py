"""Folders of small runs with known figures, for the tests of the Results tab."""

import json
from pathlib import Path
from typing import Any

from eval.runs.report import write_report
from tests.eval.runs.worked import RUN, made, sampled

NAMES = ("none", "steer", "guard+steer")


def run_at(folder: Path, word: str = "", mitigations: tuple[str, ...] = NAMES, **config: Any) -> Path:
    """A run of seven records whose report is written; `word` is appended to every text, `config` changed."""
    folder.mkdir(parents=True)
    names = (mitigations[0], *(name + word for name in mitigations[1:]))
    made(folder, [sampled(record, name, word) for name in names for record in RUN], word, names)
    facts = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(facts | config))
    write_report(folder)
    return folder
