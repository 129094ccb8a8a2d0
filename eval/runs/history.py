"""The runs of one model over time, in a folder of their own, and which of them a new run is compared with.

What a run is, its `config.json` says, not its folder's name: runs may be copied in by hand, and other things may lie
beside them. Nothing is changed here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.judges.panel import by_fact
from eval.mitigation import NONE
from eval.runs.compare import differing
from eval.runs.config import Config
from eval.runs.sample import Sample

# what must be equal for verdicts to be of the same question, beside the records
QUESTION = (
    "judge", "harm_judge", "max_new_tokens", "temperature", "samples", "system", "assistant", "early_stop",
)  # fmt: skip
PROMPT_HASH = "prompt_hash of judge "


@dataclass(frozen=True)
class Past:
    """A run of the past, or of now; `samples` are those that are there."""

    folder: Path
    config: Config
    samples: int

    @property
    def finished(self) -> bool:
        """Whether all samples are there."""
        return self.samples >= self.config.answers


@dataclass(frozen=True)
class Baseline:
    """The run to compare with; None if there is none, with why not: `reasons` is empty where there is no run at all."""

    past: Past | None
    reasons: list[str]


def history(folder: Path) -> tuple[list[Past], list[str]]:
    """The runs in a folder, or one level deeper, oldest first; and the names of what is no run."""
    found, others = [], []
    for place in sorted(folder.iterdir()) if folder.is_dir() else []:
        below = [place, *sorted(place.iterdir())] if place.is_dir() else []
        runs = [past for one in below if (past := past_in(one))]
        found += runs
        if not runs and not (place.is_dir() and not any(place.iterdir())):
            others.append(place.name)
    return sorted(found, key=lambda past: past.config.started), others


def past_in(folder: Path) -> Past | None:
    """The run in a folder, None if it holds none."""
    try:
        config = Config.model_validate_json((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):  # pydantic's is one, too
        return None
    samples = folder / "samples.jsonl"
    return Past(folder, config, samples.read_bytes().count(b"\n") if samples.is_file() else 0)


def baseline(now: Past, runs: Sequence[Past]) -> Baseline:
    """The last finished run of the same question on the same records; failing that, on records that may be shared."""
    others = [past for past in reversed(runs) if past.folder != now.folder and past.finished and _akin(past, now)]
    same = [past for past in others if not asked_otherwise(past.config, now.config)]
    if same:
        return Baseline(next((past for past in same if comparable(past, now)), same[0]), [])
    return Baseline(None, asked_otherwise(others[0].config, now.config) if others else [])


def comparable(past: Past, now: Past) -> bool:
    """Whether a finished run answers the same question on the same records."""
    alike = past.config.fingerprint == now.config.fingerprint
    return past.finished and alike and not asked_otherwise(past.config, now.config)


def asked_otherwise(before: Config, after: Config) -> list[str]:
    """What makes verdicts of two runs answers to different questions, in words."""
    was, now = by_fact(before.model_dump()), by_fact(after.model_dump())
    prompts = [name for name in was if name.startswith(PROMPT_HASH) and name in now]
    seed = ["seed"] if before.temperature else []
    return differing(was, now, (*QUESTION, *prompts, *seed))


def circumstances(before: Past, after: Past, served: tuple[str, str]) -> list[str]:
    """What else differs between two runs of the same question, and may be the cause of a change, in words.

    `served` is what the endpoints said of the models that answered.
    """
    was, now = (_facts(one.config, told) for one, told in zip((before, after), served, strict=True))
    return differing(was, now, dict.fromkeys((*was, *now)))


def shared(before: Sequence[Sample], after: Sequence[Sample]) -> list[Sample]:
    """The samples before of records that are there after, too, with the same label and the same words of the user's."""
    asked = [_asked(side) for side in (before, after)]
    kept = {name for name, words in asked[0].items() if asked[1].get(name) == words}
    return [one for one in before if one.record_id in kept]


def _asked(samples: Sequence[Sample]) -> dict[str, list[Any]]:
    """By record id what was asked without mitigation, of all records of that id."""
    found: dict[str, list[Any]] = {}
    for sample in samples:
        if sample.mitigation == NONE and sample.sample == 0:
            turns = [message.content for message in sample.sent if message.role != "assistant"]
            found.setdefault(sample.record_id, []).append((sample.label, turns))
    return found


def _akin(past: Past, now: Past) -> bool:
    """Whether both are on one dataset, however it grew or was renamed."""
    one, other = past.config, now.config
    places = [(config.dataset, config.split) for config in (one, other)]
    return one.fingerprint == other.fingerprint or places[0] == places[1]


def _facts(config: Config, served: str) -> dict[str, object]:
    """What is recorded of the circumstances, flat."""
    told = by_fact(config.model_dump())
    judges = {
        name: value for name, value in told.items() if name.startswith(("revision of judge", "endpoint of judge"))
    }
    return {
        "model": config.model,
        **{f"{name} of the model": value for name, value in config.facts.items()},
        "model as the endpoint names it": served,
        **judges,
        "fingerprint of the records": config.fingerprint,
        "records": config.records,
        "suites": ", ".join(config.suites),
        "mitigations": ", ".join(config.mitigations),
        "attribution method": config.method,
        **{f"package {name}": value for name, value in config.packages.items()},
        "machine": config.machine,
    }
