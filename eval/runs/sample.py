"""One line of `samples.jsonl`: a record under one mitigation; and how the files of a run are written."""

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol, TypeVar

from pydantic import BaseModel, Field

from eval.attribution import Feature
from eval.errors import InputError
from eval.judges import Harm, Verdict
from eval.judges.verdict import VerdictLabel
from eval.record import Conversation, Label

WORDS: dict[VerdictLabel, str] = {"full_compliance": "answered", "partial_refusal": "partly", "full_refusal": "refused"}


class Sample(BaseModel):
    """One answer to a record under one mitigation, `none` counted as one; `sample` counts its answers from 0.

    `seconds` is wall time of answering, `tokens` counts generated ones. `features` holds the attribution, on `none`.
    `cluster` names the pair or scenario of the record, within which samples depend on one another; `suite` that of
    `eval.suites` which it belongs to, and which is reported apart. `judgements` are of the judges beside the one that
    decided, none where no judge was asked; `harm` is None where no judge of harm was asked. `served` is what an
    endpoint says of the model that answered.
    """

    record_id: str
    mitigation: str
    sample: int = 0
    label: Label | None
    type: str
    cluster: str = ""
    suite: str = ""
    triggers: list[str]
    sent: Conversation
    response: str
    verdict: Verdict
    seconds: float
    tokens: int
    note: str = ""
    features: list[Feature] = []
    judgements: list[Verdict] = Field(default=[], exclude_if=lambda judgements: not judgements)
    harm: Harm | None = Field(default=None, exclude_if=lambda harm: harm is None)
    served: str = Field(default="", exclude_if=lambda served: not served)

    @property
    def unsafe(self) -> bool:
        """Whether an answer to it may do harm."""
        return self.label == "unsafe" or bool(self.suite)

    @property
    def scored(self) -> bool:
        """Whether there is a verdict to count."""
        return self.verdict.label != "unscored"

    @property
    def depth(self) -> int:
        """Turns of the user's, of which the last is answered."""
        return sum(message.role == "user" for message in self.sent)


class Answering(Protocol):
    """What tells which answer to which record a sample is."""

    @property
    def record_id(self) -> str:
        """Of the record."""
        ...

    @property
    def mitigation(self) -> str:
        """Under which it was answered."""
        ...

    @property
    def sample(self) -> int:
        """Which answer to it, from 0."""
        ...


Named = TypeVar("Named", bound=Answering)


class SampleFile:
    """Append-only; a chunk of samples is written in one go and synced, and an unfinished one is cut off on opening."""

    def __init__(self, path: Path, chunks: list[int]) -> None:
        """Open `path` for a run whose chunks have these numbers of samples."""
        self.path = path
        lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
        if lines and not lines[-1].endswith(b"\n"):
            lines.pop()
        kept = 0
        self.done = 0
        for size in chunks:
            if kept + size > len(lines):
                break
            kept += size
            self.done += 1
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            os.truncate(path, sum(map(len, lines[:kept])))

    def append(self, samples: list[Sample]) -> None:
        """Add a whole chunk.

        Raises:
            InputError: there is no room for it; what was written of it is cut off when the run goes on.
        """
        text = "".join(sample.model_dump_json() + "\n" for sample in samples)
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise InputError(
                f"{self.path} cannot be written ({error.strerror}); make room, and the same command goes on from there"
            ) from error

    def read(self) -> list[Sample]:
        """Every sample, in order."""
        return read_samples(self.path) if self.path.exists() else []


def read_samples(path: Path) -> list[Sample]:
    """The samples of a run's file; a last line without an end, of a run that was killed, is none yet."""
    # bytes: a text's splitlines would also split at U+2028 inside of an answer
    lines = path.read_bytes().splitlines(keepends=True)
    return [Sample.model_validate_json(line) for line in lines if line.endswith(b"\n")]


def by_mitigation(samples: Iterable[Sample]) -> dict[str, list[Sample]]:
    """The samples of each mitigation, in order of appearance."""
    found: dict[str, list[Sample]] = {}
    for sample in samples:
        found.setdefault(sample.mitigation, []).append(sample)
    return found


def numbered(samples: Iterable[Named]) -> list[tuple[tuple[str, int], Named]]:
    """Each sample with what all answers to its record share: the record's id, and the how-many-th of that id it is."""
    seen = Counter[tuple[str, str, int]]()
    found = []
    for sample in samples:
        seen[key := (sample.record_id, sample.mitigation, sample.sample)] += 1
        found.append(((sample.record_id, seen[key]), sample))
    return found


def tally(verdicts: Counter[VerdictLabel]) -> str:
    """How many answers of which verdict, in a few words."""
    told = [f"{verdicts[label]} {word}" for label, word in WORDS.items()]
    return ", ".join([*told, *([f"{verdicts['unscored']} unscored"] if verdicts["unscored"] else [])])


def replace_file(path: Path, text: str) -> None:
    """Write in one go: whoever reads `path` finds the old text or the new one, whole."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        scratch.write_text(text, encoding="utf-8")
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
