"""Evaluates a model on records, with and without mitigations, into a run folder.

A run goes through its records in chunks of fixed make-up, since batch make-up can change greedy text in bfloat16; a
killed run drops the chunk that it was in and goes on from there.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from eval.diagnose import MAX_NEW_TOKENS, check_names
from eval.errors import BudgetSpent, EndpointError, InputError
from eval.judges import load_judge
from eval.judges.canaries import check_inputs
from eval.judges.panel import Panel, load_panel
from eval.judges.rules import NAME as RULES
from eval.mitigation import NONE, check_weights
from eval.models.account import Account, paying
from eval.models.budget import Limits
from eval.models.ledger import Ledger
from eval.models.protocol import Model, OpenWeights
from eval.progress import counting
from eval.record import Record
from eval.runs.answering import Batch, answer
from eval.runs.config import Assistant, Config, check_sampling, claim, fingerprint
from eval.runs.distributed import Actors
from eval.runs.sample import Sample, SampleFile, tally
from eval.runs.triggers import check_source, trigger_source

CHUNK = 192  # answers, all mitigations together: less than a minute of skittish on two cores
FEWEST = 12  # records of a chunk
ANSWERS = "answers.jsonl"  # of endpoints


def run(
    model: Model | Actors[OpenWeights],
    records: Sequence[Record],
    out: Path,
    *,
    dataset: str,
    split: str = "test",
    suites: Sequence[str] = (),
    mitigations: Sequence[str] = ("none",),
    method: str | None = None,
    judge: str | Panel = "rules",
    max_new_tokens: int = MAX_NEW_TOKENS,
    temperature: float = 0.0,
    samples: int = 1,
    seed: int = 0,
    system: str = "",
    assistant: Assistant = "scripted",
    early_stop: bool = False,
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
        dataset: where the records come from; `split` and `suites` too. Those of `suites` are reported apart.
        split: see `dataset`.
        suites: see `dataset`.
        mitigations: names, several joined with a plus; `none` is always one of them.
        method: of attribution, which finds the triggers, or `focus`: they are the records' Focus. By default `ablation`
            for open weights and `black_box` for an endpoint.
        judge: of the answers: names for `eval.judges.panel.load_panel`, or the panel; the first judge decides.
        max_new_tokens: of an answer.
        temperature: of the answers; 0 is greedy. The model's earlier turns and rewrites stay greedy.
        samples: answers to each record under each mitigation.
        seed: of sampled answers, and of attribution that samples.
        system: a system turn for every record, in place of its own.
        assistant: `live` if the model speaks the assistant's earlier turns itself, too.
        early_stop: end an answer where its verdict is `settled`; not for final figures.
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
    chosen = list(dict.fromkeys([NONE, *mitigations]))
    check_source(method)
    check_names(None, chosen[1:])
    check_sampling(temperature, samples)
    panel = load_panel(judge) if isinstance(judge, str) else judge
    if early_stop and (panel.name != RULES or not isinstance(model, OpenWeights | Actors)):
        raise InputError("--early-stop needs the judge rules alone and a local model; leave it out")
    if not isinstance(model, Actors):
        check_weights(model, chosen)
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
    claim(out, config)
    size = max(FEWEST, CHUNK // (len(chosen) * samples))
    chunks = [records[at : at + size] for at in range(0, len(records), size)]
    file = SampleFile(out / "samples.jsonl", [len(chunk) * len(chosen) * samples for chunk in chunks])
    with paying(Account(Ledger(out / ANSWERS), limits, base_url)):
        try:
            panel.check()
            _fill(file, _answered(model, chunks[file.done :], config, panel), config, panel)
        except EndpointError as error:
            done = f"{len(file.read())} of {config.answers} samples are done"
            larger = " with a larger budget" if isinstance(error, BudgetSpent) else ""
            raise type(error)(f"{error}; {done} and all answers kept: the same command{larger} goes on") from error
    return file.read()


def _fill(file: SampleFile, chunks: Iterable[Iterable[Batch]], config: Config, panel: Panel) -> None:
    """Judge the chunks that are left, and keep them, one after the other."""
    verdicts = Counter(sample.verdict.label for sample in file.read())
    with counting("evaluating", config.answers, verdicts.total(), tally(verdicts)) as advance:
        for chunk in chunks:
            samples: list[Sample] = []
            for batch in chunk:
                new = _judged(batch, panel)
                verdicts.update(sample.verdict.label for sample in new)
                advance(len(new), tally(verdicts))
                samples += new
            first = [sample for sample in samples if sample.mitigation == NONE and sample.sample == 0]
            check_inputs([(sample.sent[-1].content, sample.response) for sample in first])
            file.append(samples)


def _judged(batch: Batch, panel: Panel) -> list[Sample]:
    samples, answers = [sample for sample, _ in batch], [answer for _, answer in batch]
    for sample, judged in zip(samples, panel(answers, [sample.unsafe for sample in samples]), strict=True):
        sample.verdict, sample.judgements, sample.harm = judged
    return samples


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
