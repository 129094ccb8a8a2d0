"""Reads logs of Inspect AI, of our tasks and of others that carry labels."""

from pathlib import Path
from typing import TYPE_CHECKING

from eval.errors import InputError, XsbError, one_line
from eval.harnesses.log import Answered, Log
from eval.harnesses.rows import label_of, placed_of
from eval.models.protocol import Reply
from eval.record import Message

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog, EvalSample


def read(path: Path) -> Log:
    """What `inspect eval` has written.

    Raises:
        InputError: this is no log, one of a newer Inspect, or one without samples.
        XsbError: Inspect is not installed.
    """
    log = _parsed(path)
    samples = log.samples or []
    if not samples:
        why = f", status {log.status}{f': {one_line(log.error.message)}' if log.error else ''}"
        raise InputError(f"{path} has no samples{why}; nothing can be imported")
    told, order = log.eval, {name: place for place, name in enumerate(log.eval.dataset.sample_ids or [])}
    samples = sorted(samples, key=lambda sample: (order.get(sample.id, len(order)), sample.epoch))
    given = log.plan.config.merge(told.model_generate_config)
    system = given.system_message or ""
    return Log(
        answers=[_answered(sample, system, number) for number, sample in enumerate(samples, 1)],
        dataset=str(told.task_args.get("dataset") or told.dataset.name or told.task),
        split=str(told.task_args.get("split") or ""),
        model=told.model,
        facts={
            "revision": str(told.model_args.get("revision") or "unknown"),
            "dtype": str(told.model_args.get("dtype") or told.model_args.get("torch_dtype") or "unknown"),
            "device": str(told.model_args.get("device") or "unknown"),
            "imported from": f"inspect_ai {told.packages.get('inspect_ai', '')}".strip(),
        },
        max_new_tokens=given.max_tokens or 0,
        temperature=given.temperature or 0.0,
        system=system,
        started=str(log.stats.started_at or told.created),
    )


def _parsed(path: Path) -> "EvalLog":
    try:
        from inspect_ai.log import EvalLog, read_eval_log
    except ImportError as error:
        raise XsbError("Inspect's logs need Inspect; run: pip install 'xsb[inspect]'") from error
    try:
        log = read_eval_log(str(path), resolve_attachments="core", exclude_fields={"events", "store"})
    except Exception as error:  # of zip files, JSON, pydantic and its own
        raise InputError(f"{path} cannot be read as a log of Inspect ({one_line(error)})") from error
    if log.version > (known := EvalLog.model_fields["version"].default):
        raise InputError(f"{path} is a log of version {log.version}, and this Inspect reads {known}; update inspect-ai")
    return log


def _answered(sample: "EvalSample", system: str, number: int) -> Answered:
    from eval.harnesses.inspect.messages import asked, finish

    given = [Message(role="user", content=sample.input)] if isinstance(sample.input, str) else asked(sample.input)
    targets = [sample.target] if isinstance(sample.target, str) else sample.target
    row = {
        **sample.metadata, "id": str(sample.id), "messages": [message.model_dump() for message in given],
        "label": label_of(sample.metadata.get("label"), *targets),
    }  # fmt: skip
    before = [Message(role="system", content=system)] if system else []  # which Inspect sends, and does not log here
    output, note = sample.output, _note(sample)
    failed = sample.error is not None or output.empty
    usage = output.usage
    return Answered(
        asked=placed_of(row, number),
        number=sample.epoch - 1,
        sent=[*before, *(asked(sample.messages) or given)],
        reply=Reply(
            text="" if failed else output.completion.strip(),  # and never the model's reasoning
            tokens=usage.output_tokens if usage else 0,
            seconds=output.time or sample.working_time or 0.0,
            finish=finish(output),
        ),
        note=note or ("the log has no answer" if failed else ""),
        failed=failed,
    )


def _note(sample: "EvalSample") -> str:
    """Why the sample ended before its time, if it did."""
    if sample.error:  # whose last line tells what was wrong; a request that failed stands before it
        told = (sample.error.traceback.strip() or sample.error.message).splitlines()
        return one_line(told[-1]) if told else "failed"
    return f"stopped by Inspect's {sample.limit.type} limit" if sample.limit else ""
