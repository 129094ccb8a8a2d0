"""Runs of several days that are made by hand, and what a watch makes of the last of them."""

from pathlib import Path
from typing import Any

from eval.runs.conditions import parse
from eval.runs.config import Config
from eval.runs.history import Past
from eval.runs.sample import Sample
from eval.runs.watch import Watched, watched
from tests.eval.runs.worked import RUN, answers, made, sampled

ALL = [sampled(record, mitigation) for mitigation in ("none", "steer") for record in RUN]


def run(folder: Path, day: int, rows: list[Sample] = ALL, **changes: Any) -> Past:
    """A run of that day, in a folder of its own below `folder`, whose name says nothing of the day."""
    place = made(folder / f"z{9 - day}", rows)
    config = Config.model_validate_json((place / "config.json").read_text())
    config = config.model_copy(update={"started": f"2026-01-0{day}T03:04:05+00:00", **changes})
    (place / "config.json").write_text(config.model_dump_json())
    return Past(place, config, len(rows))


def seen(name: str, folder: Path, now: Past, *conditions: str) -> Watched:
    return watched(name, folder, folder.parent, now, [parse(text) for text in conditions])


def pair(folder: Path, before: dict[str, str], after: dict[str, str], **changes: Any) -> Watched:
    """Two runs of safe records with these verdicts, a letter for each answer."""
    folder.mkdir()
    sides: list[list[Sample]] = [answers("none", "safe", side) for side in (before, after)]
    count = max(map(len, before.values()))
    given = {"mitigations": ["none"], "samples": count, **changes}
    past = [run(folder, day, side, records=len(side) // count, **given) for day, side in enumerate(sides, 1)]
    return seen(folder.name, folder, past[1])


def same(letters: str, count: int) -> dict[str, str]:
    return {f"r{number}": letters for number in range(count)}
