"""A chunk of a run, answered under every mitigation, in this process or in an actor's. Nothing is judged here."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from eval.attribution import METHODS, Attribution
from eval.errors import EndpointError, XsbError
from eval.judges import UNANSWERED, Judge, Verdict
from eval.judges.settled import settled
from eval.judges.verdict import Answer
from eval.mitigation import NONE, NOTHING, Attempt, Decoding, Request, attempts, named
from eval.models.protocol import Model
from eval.record import Record, Span
from eval.runs.config import Config, seeds_of
from eval.runs.dialogue import told, with_system
from eval.runs.sample import Sample
from eval.runs.triggers import attributions

Batch = list[tuple[Sample, Answer]]  # of one mitigation, to be judged


def answer(model: Model, records: Sequence[Record], config: Config, judge: Judge[Verdict]) -> Iterator[Batch]:
    """Every record of a chunk under every mitigation; the answers of a mitigation are one batch.

    Args:
        model: that answers.
        records: of the chunk.
        config: of the run.
        judge: of the answers that attribution asks for, where the model gives no more than text.
    """
    asked = _asked(model, records, config, {})  # no answers of other chunks, whose batches may not run again
    fine = [record for record in asked if isinstance(record, Record)]
    found = attributions(model, fine, config, judge)
    marked = config.method not in METHODS  # else nobody may see the record's own words
    triggers = [
        attribution.triggers if attribution else record.focus_spans if marked else []
        for record, attribution in zip(fine, found, strict=True)
    ]
    requests = [_request(record, spans, config) for record, spans in zip(fine, triggers, strict=True)]
    decoding = Decoding(config.max_new_tokens, config.temperature, settled if config.early_stop else None)
    for name in config.mitigations:
        tried = attempts(named(name), model, requests, decoding)
        if name == NONE and not config.temperature:
            requests = [replace(r, answer=None if a.failed else a.reply) for r, a in zip(requests, tried, strict=True)]
        of_each = [tried[at : at + config.samples] for at in range(0, len(tried), config.samples)]
        answered = iter([_batch(*one, name, config) for one in zip(fine, of_each, triggers, strict=True)])
        if name == NONE:
            answered = map(_with_features, answered, found)
        yield [
            pair
            for record, ready in zip(records, asked, strict=True)
            for pair in (next(answered) if isinstance(ready, Record) else _failed(record, ready, name, config))
        ]


def _batch(
    record: Record, tried: Sequence[Attempt], triggers: Sequence[Span], mitigation: str, config: Config
) -> Batch:
    """All answers to a record under one mitigation."""
    return [
        (sample_of(record, mitigation, attempt, triggers, config, number), attempt.answer_to(record.messages))
        for number, attempt in enumerate(tried)
    ]


def _failed(record: Record, error: XsbError, mitigation: str, config: Config) -> Batch:
    """What stands for the answers to a record that the model cannot even be asked."""
    attempt = Attempt(record.messages, NOTHING, note=str(error), failed=True)
    return _batch(record, [attempt] * config.samples, [], mitigation, config)


def _with_features(batch: Batch, attribution: Attribution | None) -> Batch:
    """The same, with the attribution in the first sample."""
    batch[0][0].features = attribution.features if attribution else []
    return batch


def _request(record: Record, triggers: Sequence[Span], config: Config) -> Request:
    neutral = dict(zip(record.focus_spans, record.neutral, strict=False))
    return Request(record.messages, list(triggers), neutral=neutral, seeds=seeds_of(config, record))


def _asked(model: Model, records: Sequence[Record], config: Config, spoken: dict[str, str]) -> list[Record | XsbError]:
    """The records as the model is asked them, with all earlier turns; or why it cannot be."""
    given = [with_system(record, config.system) if config.system else record for record in records]
    try:
        return list(told(model, given, config.assistant == "live", config.max_new_tokens, spoken))
    except EndpointError:
        raise
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
        served=attempt.reply.served,
    )
