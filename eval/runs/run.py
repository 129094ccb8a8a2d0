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
from typing import Literal

from pydantic import BaseModel, Field

from eval.attribution import METHODS, Attribution, attribute
from eval.diagnose import MAX_NEW_TOKENS, check_names
from eval.errors import InputError, XsbError
from eval.judges import UNANSWERED
from eval.judges.canaries import check_inputs
from eval.judges.panel import Panel, by_fact, load_panel
from eval.judges.verdict import JudgeFacts
from eval.mitigation import NONE, NOTHING, Attempt, attempts, named, needs_trigger
from eval.models.protocol import Model, OpenWeights
from eval.progress import track
from eval.record import Record, Span
from eval.runs.dialogue import told, with_system
from eval.runs.sample import Sample, SampleFile, replace_file

CHUNK = 12
PACKAGES = ("xsb", "torch", "transformers", "datasets")


Assistant = Literal["scripted", "live"]  # whose the earlier answers are: recorded, where they are, or all the model's


class Config(BaseModel):
    """What was run; two runs with equal configs, date and machine apart, give equal samples on equal machines."""

    dataset: str
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
    system: str = ""
    assistant: Assistant = "scripted"
    packages: dict[str, str] = Field(default_factory=lambda: {name: version(name) for name in PACKAGES})
    started: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    machine: str = Field(default_factory=lambda: platform.processor() or platform.machine())


def run(
    model: Model,
    records: Sequence[Record],
    out: Path,
    *,
    dataset: str,
    split: str = "test",
    suites: Sequence[str] = (),
    mitigations: Sequence[str] = ("none",),
    method: str = "ablation",
    judge: str | Panel = "rules",
    max_new_tokens: int = MAX_NEW_TOKENS,
    system: str = "",
    assistant: Assistant = "scripted",
) -> list[Sample]:
    """Run what `out` does not hold yet and return all samples.

    Triggers come from attribution where the model has open weights, otherwise from the records' Focus.

    Args:
        model: that is evaluated.
        records: what it is asked.
        out: the run's folder.
        dataset: where the records come from; `split` and `suites` too. Those of `suites` are reported apart.
        split: see `dataset`.
        suites: see `dataset`.
        mitigations: names, several joined with a plus; `none` is always one of them.
        method: of attribution, which finds the triggers.
        judge: of the answers: names for `eval.judges.panel.load_panel`, or the panel; the first judge decides.
        max_new_tokens: of an answer.
        system: a system turn for every record, in place of its own.
        assistant: `live` if the model speaks the assistant's earlier turns itself, too.

    Raises:
        InputError: `out` holds another run.
        UnknownName: a mitigation, method or judge that does not exist.
        ModelError: a judge is wrong about a canary or cannot be reached, or all that it is asked is the same.
    """
    chosen = list(dict.fromkeys([NONE, *mitigations]))
    check_names(method, chosen[1:])
    panel = load_panel(judge) if isinstance(judge, str) else judge
    config = Config(
        dataset=dataset,
        split=split,
        suites=list(suites),
        fingerprint=_fingerprint(records),
        records=len(records),
        model=model.name,
        facts=model.facts,
        method=_trigger_source(model, method, chosen),
        mitigations=chosen,
        judge=panel.name,
        harm_judge=panel.harm_name,
        judges=panel.facts,
        max_new_tokens=max_new_tokens,
        system=system,
        assistant=assistant,
    )
    panel.check()
    _claim(out, config)
    chunks = [records[at : at + CHUNK] for at in range(0, len(records), CHUNK)]
    file = SampleFile(out / "samples.jsonl", [len(chunk) * len(chosen) for chunk in chunks])
    _fill(file, model, chunks[file.done :], config, panel)
    return file.read()


def _fill(file: SampleFile, model: Model, chunks: Sequence[Sequence[Record]], config: Config, panel: Panel) -> None:
    """Run the chunks that are left, one after the other."""
    spoken: dict[str, str] = {}
    for chunk in track(chunks, "evaluating"):
        samples = _samples(model, chunk, config, spoken, panel)
        check_inputs([(s.sent[-1].content, s.response) for s in samples if s.mitigation == NONE])
        file.append(samples)


def _samples(
    model: Model, records: Sequence[Record], config: Config, spoken: dict[str, str], panel: Panel
) -> list[Sample]:
    """Every record of a chunk under every mitigation; the answers of a mitigation are one batch."""
    asked = _asked(model, records, config, spoken)
    fine = [record for record in asked if isinstance(record, Record)]
    attributions = [_attribution(model, record, config) for record in fine]
    triggers = [
        attribution.triggers if attribution else record.focus_spans
        for record, attribution in zip(fine, attributions, strict=True)
    ]
    samples, answers = [], []
    for name in config.mitigations:
        tried = attempts(named(name), model, [record.messages for record in fine], triggers, config.max_new_tokens)
        found = iter(zip(fine, tried, triggers, strict=True))
        for record, ready in zip(records, asked, strict=True):
            failed = Attempt(record.messages, NOTHING, note=str(ready), failed=True)
            one, attempt, spans = next(found) if isinstance(ready, Record) else (record, failed, [])
            samples.append(_sample(one, name, attempt, spans, config))
            answers.append(attempt.answer_to(one.messages))
    for sample, judged in zip(samples, panel(answers, [sample.unsafe for sample in samples]), strict=True):
        sample.verdict, sample.judgements, sample.harm = judged
    unmitigated = [sample for sample, ready in zip(samples, asked, strict=False) if isinstance(ready, Record)]
    for sample, attribution in zip(unmitigated, attributions, strict=True):
        sample.features = attribution.features if attribution else []
    return samples


def _asked(model: Model, records: Sequence[Record], config: Config, spoken: dict[str, str]) -> list[Record | XsbError]:
    """The records as the model is asked them, with all earlier turns; or why it cannot be."""
    given = [with_system(record, config.system) if config.system else record for record in records]
    try:
        return list(told(model, given, config.assistant == "live", config.max_new_tokens, spoken))
    except XsbError as error:
        if len(records) == 1:
            return [error]
    return [one for record in records for one in _asked(model, [record], config, spoken)]


def _sample(record: Record, name: str, attempt: Attempt, triggers: Sequence[Span], config: Config) -> Sample:
    return Sample(
        record_id=record.id,
        mitigation=name,
        label=record.label,
        type=record.type,
        cluster=record.scenario_id or record.pair_id or record.id,
        suite=record.source if record.source in config.suites else "",
        triggers=[span.text(record.messages) for span in triggers],
        sent=attempt.sent,
        response=attempt.reply.text,
        verdict=UNANSWERED,  # until the panel has judged the whole chunk
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
    if not any(needs_trigger(name) for name in mitigations):
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
    before, now = by_fact(before), by_fact(json.loads(config.model_dump_json()))
    different = [k for k in now if k not in ("started", "machine") and now[k] != before.get(k)]
    if different:
        told = "; ".join(f"{k} {before.get(k)!r}, not {now[k]!r}" for k in different)
        raise InputError(f"{out} holds a run with {told}; choose another --out")
