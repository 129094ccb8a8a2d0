"""What a run's folder holds a run of: its config, the folder's claim on it, and the seeds of its answers."""

import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, ValidationError

from eval.errors import InputError
from eval.judges.panel import by_fact
from eval.judges.verdict import JudgeFacts
from eval.record import Record
from eval.runs.sample import replace_file

PACKAGES = ("xsb", "torch", "transformers", "datasets")
CIRCUMSTANCES = ("started", "machine", "dataset_commit")  # which a run that goes on may change
SEEDS = 2**31  # endpoints take no larger ones

Assistant = Literal["scripted", "live"]  # whose the earlier answers are: recorded, where they are, or all the model's


class OtherRun(InputError):
    """A folder that holds another run than the one that was to go on in it."""


class Config(BaseModel):
    """What was run; two runs with equal configs, circumstances apart, give equal samples on equal machines."""

    dataset: str
    dataset_commit: str = Field(default="", exclude_if=lambda commit: not commit)  # on the Hub
    split: str
    suites: list[str] = []
    fingerprint: str
    records: int
    model: str
    facts: dict[str, str]
    method: str
    mitigations: list[str]
    judge: str
    harm_judge: str = ""
    judges: list[JudgeFacts] = []
    max_new_tokens: int
    temperature: float = 0.0
    samples: int = 1
    seed: int = 0
    system: str = ""
    assistant: Assistant = "scripted"
    early_stop: bool = False
    packages: dict[str, str] = Field(default_factory=lambda: versions())
    started: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    machine: str = Field(default_factory=lambda: platform.processor() or platform.machine())

    @property
    def answers(self) -> int:
        """How many lines of samples the whole run has."""
        return self.records * len(self.mitigations) * self.samples


def versions() -> dict[str, str]:
    """Those of the packages that answers may depend on, where this runs."""
    return {name: version(name) for name in PACKAGES}


def seeds_of(config: Config, record: Record) -> list[int]:
    """The seed of each sampled answer to a record; none where answers are greedy.

    They are the same under every mitigation, so that one which changes nothing gives the same answers.
    """
    if not config.temperature:
        return []
    names = [f"{config.seed} {record.id} {sample}" for sample in range(config.samples)]
    return [int.from_bytes(sha256(name.encode()).digest()[:8]) % SEEDS for name in names]


def fingerprint(records: Sequence[Record]) -> str:
    """Sixteen hexadecimal digits that change with anything in the records."""
    digest = sha256()
    for record in records:
        digest.update(record.model_dump_json().encode())
    return digest.hexdigest()[:16]


def claim(out: Path, config: Config) -> None:
    """Write the config of a new run, or make sure that the folder's run is the same one.

    Raises:
        OtherRun: the folder holds another run.
        InputError: it holds samples of who knows what.
    """
    path = out / "config.json"
    if not (out / "samples.jsonl").exists():  # nothing was run yet, so nothing can be lost
        out.mkdir(parents=True, exist_ok=True)
        replace_file(path, config.model_dump_json(indent=2) + "\n")
        return
    try:
        before = by_fact(Config.model_validate_json(path.read_text(encoding="utf-8")).model_dump())
    except (OSError, ValidationError) as error:
        raise InputError(f"{out} holds samples but no readable config.json; choose another --out") from error
    now = by_fact(config.model_dump())
    different = [name for name in now if name not in CIRCUMSTANCES and now[name] != before.get(name)]
    if different:
        told = "; ".join(f"{name} {before.get(name)!r}, not {now[name]!r}" for name in different)
        raise OtherRun(f"{out} holds a run with {told}; choose another --out")
