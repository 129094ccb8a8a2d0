"""A log of another harness as a run of ours: its answers, judged anew, in a folder for `report` and `compare`."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from eval.harnesses.log import Answered, Log, read_log
from eval.harnesses.rows import check_labels
from eval.judges.panel import Panel
from eval.mitigation import NONE
from eval.mitigation.attempt import Attempt
from eval.record import Record
from eval.runs.answering import Batch, sample_of
from eval.runs.config import Config, claim, fingerprint
from eval.runs.judging import judge_all
from eval.runs.sample import Sample, SampleFile
from eval.runs.triggers import NO_METHOD

CHUNK = 64  # answers judged between two writes


def import_log(path: Path, out: Path, panel: Panel) -> list[Sample]:
    """Make a run in `out` of a log, or go on with it, and return its samples.

    The verdicts are the panel's, whatever the log says. A sample that failed in the other harness is unscored.

    Raises:
        InputError: this is no log, it has no answers or no labels, or `out` holds another run.
        ModelError: a judge is wrong about a canary or cannot be reached, or all that it is asked is the same.
    """
    log = read_log(path)
    answers = _in_order(log.answers)
    records = _records(answers)
    check_labels(records, str(path))
    panel.check()
    config = _config(log, records, panel)
    claim(out, config)
    chunks = [answers[at : at + CHUNK] for at in range(0, len(answers), CHUNK)]
    file = SampleFile(out / "samples.jsonl", [len(chunk) for chunk in chunks])
    judge_all(file, ([_batch(chunk, config)] for chunk in chunks[file.done :]), len(answers), panel, "judging")
    return file.read()


def _in_order(answers: Sequence[Answered]) -> list[Answered]:
    """The answers of a whole dataset in the dataset's order, as in a run of ours; others as in the log."""
    places = {one.asked.place for one in answers}
    if places != set(range(len(places))):
        return list(answers)
    return sorted(answers, key=lambda one: (one.asked.place or 0, one.number))


def _records(answers: Sequence[Answered]) -> list[Record]:
    """Each record once, though there may be several answers to it, and several records of the same id."""
    seen, found = Counter[tuple[str, int]](), dict[tuple[str, int], Record]()
    for one in answers:
        name = one.asked.record.id
        seen[name, one.number] += 1
        found.setdefault((name, seen[name, one.number]), one.asked.record)
    return list(found.values())


def _config(log: Log, records: Sequence[Record], panel: Panel) -> Config:
    return Config(
        dataset=log.dataset,
        split=log.split,
        fingerprint=fingerprint(records),
        records=len(records),
        model=log.model,
        facts=log.facts,
        method=NO_METHOD,
        mitigations=[NONE],
        judge=panel.name,
        harm_judge=panel.harm_name,
        judges=panel.facts,
        max_new_tokens=log.max_new_tokens,
        temperature=log.temperature,
        samples=max(one.number for one in log.answers) + 1,
        system=log.system,
        started=log.started,
        machine="unknown",
    )


def _batch(answers: Sequence[Answered], config: Config) -> Batch:
    found = []
    for one in answers:
        attempt = Attempt(one.sent, one.reply, note=one.note, failed=one.failed)
        record = one.asked.record
        sample = sample_of(record, NONE, attempt, record.focus_spans, config, one.number)
        found.append((sample, attempt.answer_to(one.sent)))
    return found
