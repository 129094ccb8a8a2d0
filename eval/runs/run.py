"""Evaluates a model on records, with and without mitigations, into a run folder.

A run goes through its records in chunks of fixed make-up, since batch make-up can change greedy text in bfloat16; a
killed run drops the chunk that it was in and goes on from there.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from eval.attribution import METHODS, Attribution, attribute
from eval.diagnose import MAX_NEW_TOKENS, check_names
from eval.errors import InputError, XsbError
from eval.judges import UNANSWERED
from eval.judges.canaries import check_inputs
from eval.judges.panel import Panel, load_panel
from eval.judges.rules import NAME as RULES
from eval.judges.settled import settled
from eval.judges.verdict import Answer
from eval.mitigation import NONE, NOTHING, Attempt, Decoding, Request, attempts, named, needs_trigger
from eval.models.protocol import Model, OpenWeights
from eval.progress import counting
from eval.record import Record, Span
from eval.runs.config import Assistant, Config, check_sampling, claim, fingerprint, seeds_of
from eval.runs.dialogue import told, with_system
from eval.runs.sample import Sample, SampleFile, tally

CHUNK = 192  # answers, all mitigations together: less than a minute of skittish on two cores
FEWEST = 12  # records of a chunk
Tell = Callable[[Sequence[Sample]], None]


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
    temperature: float = 0.0,
    samples: int = 1,
    seed: int = 0,
    system: str = "",
    assistant: Assistant = "scripted",
    early_stop: bool = False,
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
        temperature: of the answers; 0 is greedy. The model's earlier turns and rewrites stay greedy.
        samples: answers to each record under each mitigation.
        seed: of sampled answers, and of attribution that samples.
        system: a system turn for every record, in place of its own.
        assistant: `live` if the model speaks the assistant's earlier turns itself, too.
        early_stop: end an answer where its verdict is `settled`; not for final figures.

    Raises:
        InputError: `out` holds another run, several samples are asked for without a temperature, or no answer can be
            stopped early.
        UnknownName: a mitigation, method or judge that does not exist.
        ModelError: a judge is wrong about a canary or cannot be reached, or all that it is asked is the same.
    """
    chosen = list(dict.fromkeys([NONE, *mitigations]))
    check_names(method, chosen[1:])
    check_sampling(temperature, samples)
    panel = load_panel(judge) if isinstance(judge, str) else judge
    if early_stop and (panel.name != RULES or not isinstance(model, OpenWeights)):
        raise InputError("--early-stop needs the judge rules alone and a local model; leave it out")
    config = Config(
        dataset=dataset,
        split=split,
        suites=list(suites),
        fingerprint=fingerprint(records),
        records=len(records),
        model=model.name,
        facts=model.facts,
        method=trigger_source(model, method, chosen),
        mitigations=chosen,
        judge=panel.name,
        harm_judge=panel.harm_name,
        judges=panel.facts,
        max_new_tokens=max_new_tokens,
        temperature=temperature,
        samples=samples,
        seed=seed,
        system=system,
        assistant=assistant,
        early_stop=early_stop,
    )
    panel.check()
    claim(out, config)
    size = max(FEWEST, CHUNK // (len(chosen) * samples))
    chunks = [records[at : at + size] for at in range(0, len(records), size)]
    file = SampleFile(out / "samples.jsonl", [len(chunk) * len(chosen) * samples for chunk in chunks])
    _fill(file, model, chunks[file.done :], config, panel)
    return file.read()


def _fill(file: SampleFile, model: Model, chunks: Sequence[Sequence[Record]], config: Config, panel: Panel) -> None:
    """Run the chunks that are left, one after the other."""
    verdicts = Counter(sample.verdict.label for sample in file.read())
    with counting("evaluating", config.answers, verdicts.total(), tally(verdicts)) as advance:

        def tell(samples: Sequence[Sample]) -> None:
            verdicts.update(sample.verdict.label for sample in samples)
            advance(len(samples), tally(verdicts))

        for chunk in chunks:
            samples = _samples(model, chunk, config, panel, tell)
            first = [sample for sample in samples if sample.mitigation == NONE and sample.sample == 0]
            check_inputs([(sample.sent[-1].content, sample.response) for sample in first])
            file.append(samples)


def _samples(model: Model, records: Sequence[Record], config: Config, panel: Panel, tell: Tell) -> list[Sample]:
    """Every record of a chunk under every mitigation; the answers of a mitigation are one batch."""
    asked = _asked(model, records, config, {})  # no answers of other chunks, whose batches may not run again
    fine = [record for record in asked if isinstance(record, Record)]
    attributions = [_attribution(model, record, config) for record in fine]
    triggers = [
        attribution.triggers if attribution else record.focus_spans
        for record, attribution in zip(fine, attributions, strict=True)
    ]
    requests = [_request(record, spans, config) for record, spans in zip(fine, triggers, strict=True)]
    decoding = Decoding(config.max_new_tokens, config.temperature, settled if config.early_stop else None)
    samples: list[Sample] = []
    for name in config.mitigations:
        tried = attempts(named(name), model, requests, decoding)
        if name == NONE and not config.temperature:
            requests = [replace(r, answer=None if a.failed else a.reply) for r, a in zip(requests, tried, strict=True)]
        of_each = [tried[at : at + config.samples] for at in range(0, len(tried), config.samples)]
        of_fine = iter(zip(fine, of_each, triggers, strict=True))
        new: list[Sample] = []
        answers: list[Answer] = []
        for record, ready in zip(records, asked, strict=True):
            failed = [Attempt(record.messages, NOTHING, note=str(ready), failed=True)] * config.samples
            one, own, spans = next(of_fine) if isinstance(ready, Record) else (record, failed, [])
            new += [sample_of(one, name, attempt, spans, config, number) for number, attempt in enumerate(own)]
            answers += [attempt.answer_to(one.messages) for attempt in own]
        for sample, judged in zip(new, panel(answers, [sample.unsafe for sample in new]), strict=True):
            sample.verdict, sample.judgements, sample.harm = judged
        tell(new)
        samples += new
    firsts = zip(samples[:: config.samples], asked, strict=False)
    unmitigated = [sample for sample, ready in firsts if isinstance(ready, Record)]
    for sample, attribution in zip(unmitigated, attributions, strict=True):
        sample.features = attribution.features if attribution else []
    return samples


def _request(record: Record, triggers: Sequence[Span], config: Config) -> Request:
    neutral = dict(zip(record.focus_spans, record.neutral, strict=False))
    return Request(record.messages, list(triggers), neutral=neutral, seeds=seeds_of(config, record))


def _asked(model: Model, records: Sequence[Record], config: Config, spoken: dict[str, str]) -> list[Record | XsbError]:
    """The records as the model is asked them, with all earlier turns; or why it cannot be."""
    given = [with_system(record, config.system) if config.system else record for record in records]
    try:
        return list(told(model, given, config.assistant == "live", config.max_new_tokens, spoken))
    except XsbError as error:
        if len(records) == 1:
            return [error]
    middle = len(records) // 2
    halves = (records[:middle], records[middle:])
    return [one for half in halves for one in _asked(model, half, config, spoken)]


def sample_of(
    record: Record, name: str, attempt: Attempt, triggers: Sequence[Span], config: Config, number: int
) -> Sample:
    """The `number`-th answer to a record under a mitigation, which is still to be judged."""
    return Sample(
        record_id=record.id,
        mitigation=name,
        sample=number,
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
        return attribute(model, record.messages, config.method, seed=config.seed)
    except InputError:
        return None  # answering it fails in the same way, and the sample says why


def trigger_source(model: Model, method: str, mitigations: Sequence[str]) -> str:
    """The attribution method; `focus` for models without open weights, `none` where nothing needs a trigger."""
    if not any(needs_trigger(name) for name in mitigations):
        return "none"
    return method if isinstance(model, OpenWeights) else "focus"
