"""Evaluates a model on records, with and without mitigations, into a run folder.

A run goes through its records in chunks of fixed make-up, since batch make-up can change greedy text in bfloat16; a
killed run drops the chunk that it was in and goes on from there.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from eval.checks import check_names
from eval.errors import BudgetSpent, EndpointError, InputError
from eval.judges import load_judge
from eval.judges.panel import Panel, load_panel
from eval.judges.rules import NAME as RULES
from eval.mitigation import check_weights
from eval.models.account import Account, paying
from eval.models.budget import Limits
from eval.models.ledger import Ledger
from eval.models.protocol import Model, OpenWeights
from eval.record import Record
from eval.runs.answering import Batch, answer
from eval.runs.config import Config, claim, fingerprint
from eval.runs.distributed import Actors
from eval.runs.judging import judge_all
from eval.runs.options import Options, check_sampling
from eval.runs.sample import Sample, SampleFile
from eval.runs.triggers import check_source, trigger_source

CHUNK = 192  # answers, all mitigations together: about a minute of skittish on two cores, but for dialogues
FEWEST = 12  # records of a chunk
ANSWERS = "answers.jsonl"  # of endpoints


def run(
    model: Model | Actors[OpenWeights],
    records: Sequence[Record],
    out: Path,
    options: Options,
    *,
    judge: str | Panel = RULES,
    limits: Limits | None = None,
    base_url: str | None = None,
) -> list[Sample]:
    """Run what `out` does not hold yet and return all samples.

    What endpoints answer is kept in `out` too, in `answers.jsonl`, so that nothing is paid for twice.

    Args:
        model: that is evaluated; on actors, each of which answers chunks, while judges stay here, as the canaries
            have found them, with their keys.
        records: what it is asked.
        out: the run's folder.
        options: how it is asked.
        judge: of the answers: names for `eval.judges.panel.load_panel`, or the panel; the first judge decides.
        limits: of what endpoints are asked, earlier starts of the same run included.
        base_url: of a rephraser behind an endpoint.

    Raises:
        InputError: `out` holds another run, several samples are asked for without a temperature, or no answer can be
            stopped early.
        UnknownName: a mitigation, method or judge that does not exist.
        ModelError: a judge is wrong about a canary, all that it is asked is the same, the model lacks what a method or
            a mitigation needs, or actors die again and again.
        EndpointError: nothing more can be asked of an endpoint, or for this budget; the same run goes on later.
    """
    panel = load_panel(judge) if isinstance(judge, str) else judge
    _check(model, options, panel)
    config = _config(model, records, options, panel)
    claim(out, config)
    each = len(config.mitigations) * config.samples  # answers to a record
    size = max(FEWEST, CHUNK // each)
    chunks = [records[at : at + size] for at in range(0, len(records), size)]
    file = SampleFile(out / "samples.jsonl", [len(chunk) * each for chunk in chunks])
    with paying(Account(Ledger(out / ANSWERS), limits, base_url)):
        try:
            panel.check()
            judge_all(file, _answered(model, chunks[file.done :], config, panel), config.answers, panel, "evaluating")
        except EndpointError as error:
            done = f"{len(file.read())} of {config.answers} samples are done"
            larger = " with a larger budget" if isinstance(error, BudgetSpent) else ""
            raise type(error)(f"{error}; {done} and all answers kept: the same command{larger} goes on") from error
    return file.read()


def _check(model: Model | Actors[OpenWeights], options: Options, panel: Panel) -> None:
    check_source(options.method)
    check_names(None, options.mitigations)
    check_sampling(options.temperature, options.samples)
    if options.early_stop and (panel.name != RULES or not isinstance(model, OpenWeights | Actors)):
        raise InputError("--early-stop needs the judge rules alone and a local model; leave it out")
    if not isinstance(model, Actors):
        check_weights(model, options.mitigations)


def _config(model: Model | Actors[OpenWeights], records: Sequence[Record], options: Options, panel: Panel) -> Config:
    """The options with what is known once there are records, a model and judges."""
    given = asdict(replace(options, mitigations=options.compared, suites=list(options.suites)))
    given["method"] = trigger_source(model, options.method, options.compared)
    return Config(
        **given,
        fingerprint=fingerprint(records),
        records=len(records),
        model=model.name,
        facts=model.facts,
        judge=panel.name,
        harm_judge=panel.harm_name,
        judges=panel.facts,
    )


def _answered(
    model: Model | Actors[OpenWeights], chunks: Sequence[Sequence[Record]], config: Config, panel: Panel
) -> Iterator[Iterable[Batch]]:
    """The answers of each chunk, in order, whoever makes them."""
    if isinstance(model, Actors):
        return model.spread(partial(_all_answers, config=config), chunks, _called)
    return (answer(model, chunk, config, panel.judges[0]) for chunk in chunks)


def _all_answers(model: OpenWeights, records: Sequence[Record], config: Config) -> list[Batch]:
    """What an actor does; with weights at hand attribution asks no judge."""
    return list(answer(model, records, config, load_judge(RULES)))


def _called(records: Sequence[Record]) -> str:
    return f"records {records[0].id} to {records[-1].id}" if len(records) > 1 else f"record {records[0].id}"
