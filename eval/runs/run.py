"""Evaluates a model on records, with and without mitigations, into a run folder.

A run goes through its records in chunks of fixed make-up, since batch make-up can change greedy text in bfloat16; a
killed run drops the chunk that it was in and goes on from there.
"""

import json
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from pydantic import BaseModel

from eval.attribution import METHODS, Attribution, attribute
from eval.diagnose import MAX_NEW_TOKENS, check_names
from eval.errors import InputError
from eval.judges import JUDGES, UNANSWERED
from eval.mitigation import MITIGATIONS, Attempt, attempts, none
from eval.models.protocol import Model, OpenWeights
from eval.progress import track
from eval.record import Record, Span
from eval.runs.sample import Sample, SampleFile, replace_file

CHUNK = 12
PACKAGES = ("xsb", "torch", "transformers", "datasets")


class Config(BaseModel):
    """What was run; two runs with equal configs, date and machine apart, give equal samples on equal machines."""

    dataset: str
    split: str
    fingerprint: str
    records: int
    model: str
    facts: dict[str, str]
    method: str
    mitigations: list[str]
    judge: str
    max_new_tokens: int
    packages: dict[str, str]
    started: str
    machine: str


def run(
    model: Model,
    records: Sequence[Record],
    out: Path,
    *,
    dataset: str,
    split: str = "test",
    mitigations: Sequence[str] = ("none",),
    method: str = "ablation",
    judge: str = "rules",
    max_new_tokens: int = MAX_NEW_TOKENS,
) -> list[Sample]:
    """Run what `out` does not hold yet and return all samples.

    Triggers come from attribution where the model has open weights, otherwise from the records' Focus.

    Raises:
        InputError: `out` holds another run.
        UnknownName: a mitigation, method or judge that does not exist.
    """
    chosen = list(dict.fromkeys(["none", *mitigations]))
    check_names(method, chosen[1:], judge)
    config = Config(
        dataset=dataset,
        split=split,
        fingerprint=_fingerprint(records),
        records=len(records),
        model=model.name,
        facts=model.facts,
        method=_trigger_source(model, method, chosen),
        mitigations=chosen,
        judge=judge,
        max_new_tokens=max_new_tokens,
        packages={name: version(name) for name in PACKAGES},
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=platform.processor() or platform.machine(),
    )
    _claim(out, config)
    chunks = [records[at : at + CHUNK] for at in range(0, len(records), CHUNK)]
    file = SampleFile(out / "samples.jsonl", [len(chunk) * len(chosen) for chunk in chunks])
    for chunk in track(chunks[file.done :], "evaluating"):
        file.append(_samples(model, chunk, config))
    return file.read()


def _samples(model: Model, records: Sequence[Record], config: Config) -> list[Sample]:
    """Every record of a chunk under every mitigation; the answers of a mitigation are one batch."""
    conversations = [record.messages for record in records]
    found = [_attribution(model, record, config) for record in records]
    triggers = [
        attribution.triggers if attribution else record.focus_spans
        for record, attribution in zip(records, found, strict=True)
    ]
    samples = []
    for name in config.mitigations:
        mitigation = MITIGATIONS[name] if name != "none" else none
        tried = attempts(mitigation, model, conversations, triggers, config.max_new_tokens)
        samples += [
            _sample(record, name, attempt, spans, config.judge)
            for record, attempt, spans in zip(records, tried, triggers, strict=True)
        ]
    for sample, attribution in zip(samples, found, strict=False):  # the first ones are those without mitigation
        sample.features = attribution.features if attribution else []
    return samples


def _sample(record: Record, name: str, attempt: Attempt, triggers: Sequence[Span], judge: str) -> Sample:
    return Sample(
        record_id=record.id,
        mitigation=name,
        label=record.label,
        type=record.type,
        triggers=[span.text(record.messages) for span in triggers],
        sent=attempt.sent,
        response=attempt.reply.text,
        verdict=UNANSWERED if attempt.failed else JUDGES[judge](attempt.reply.text, record.prompt),
        seconds=attempt.reply.seconds,
        tokens=attempt.reply.tokens,
        note=attempt.note,
    )


def _attribution(model: Model, record: Record, config: Config) -> Attribution | None:
    """None where triggers are the record's Focus, or where this record has no words or does not fit the model."""
    if config.method not in METHODS:
        return None
    try:
        return attribute(model, record.messages, config.method)
    except InputError:
        return None  # answering it fails in the same way, and the sample says why


def _trigger_source(model: Model, method: str, mitigations: Sequence[str]) -> str:
    """The attribution method; `focus` for models without open weights, `none` where nothing needs a trigger."""
    if mitigations == ["none"]:
        return "none"
    return method if isinstance(model, OpenWeights) else "focus"


def _fingerprint(records: Sequence[Record]) -> str:
    digest = sha256()
    for record in records:
        digest.update(record.model_dump_json().encode())
    return digest.hexdigest()[:16]


def _claim(out: Path, config: Config) -> None:
    """Write the config of a new run, or make sure that the folder's run is the same one."""
    path = out / "config.json"
    if not (out / "samples.jsonl").exists():  # nothing was run yet, so nothing can be lost
        out.mkdir(parents=True, exist_ok=True)
        replace_file(path, config.model_dump_json(indent=2) + "\n")
        return
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{out} holds samples but no readable config.json; choose another --out") from error
    now = json.loads(config.model_dump_json())
    different = [k for k in now if k not in ("started", "machine") and now[k] != before.get(k)]
    if different:
        raise InputError(f"{out} holds a run with another {', '.join(different)}; choose another --out")
