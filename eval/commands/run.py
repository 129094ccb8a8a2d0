"""`xsb-eval run` and `twins`: many records."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import typer
from rich.console import Console

from eval.commands.options import (
    BaseUrl,
    Concurrency,
    Dtype,
    Judges,
    JudgeUrl,
    MaxRequests,
    MaxTotal,
    ModelName,
    Tokens,
    load_all,
    load_both,
    name_list,
    one_or_more,
)  # fmt: skip
from eval.commands.settings import read_settings
from eval.errors import InputError, XsbError
from eval.models.protocol import Model, OpenWeights
from eval.progress import working
from eval.record import Record

if TYPE_CHECKING:
    from eval.runs.distributed import Actors

Out = Annotated[
    Path, typer.Option(help="Run folder; an unfinished run in it goes on. Of several runs, the folder above.")
]
Settings = Annotated[
    Path | None,
    typer.Option(callback=read_settings, is_eager=True, help="YAML file of these options, or paper: the paper's."),
]
Limit = Annotated[int | None, typer.Option(min=1, help="Records of the dataset and of each suite, types taking turns.")]
Earlier = Annotated[
    Literal["scripted", "live"],
    typer.Option(help="Earlier answers: as recorded, where they are, or all the model's own."),
]
HarmJudge = Annotated[
    str, typer.Option(help="Whether answers to unsafe prompts really help to do harm: llm:MODEL or classifier:FOLDER.")
]
Ray = Annotated[bool, typer.Option("--ray", help="Spread it over a Ray cluster: RAY_ADDRESS's, or one made here.")]
ActorCount = Annotated[int | None, typer.Option("--actors", min=1, help="Models at once with --ray; one on each GPU.")]

DEFAULT = "ablation, or black_box behind an endpoint"
Asked = Mapping[str, list[Record]]  # by dataset
Places = Mapping[tuple[str, str], Path]  # folders, by model and dataset


class Source(NamedTuple):
    """Where models come from, and as what and where they are loaded."""

    base_url: str | None
    dtype: str
    revision: str | None
    ray: bool
    actors: int | None

    @property
    def options(self) -> dict[str, Any]:
        """Of a local model."""
        return {"dtype": self.dtype, "revision": self.revision}


def run(
    out: Out,
    config: Settings = None,  # noqa: ARG001  # its callback has read it
    dataset: Annotated[str, typer.Option(help="xsb, ms_xsb, a hub id, or a CSV, JSONL or parquet file.")] = "xsb",
    split: Annotated[str, typer.Option(help="Split of a release or hub dataset.")] = "test",
    suite: Annotated[str, typer.Option(help="Comma-separated suites beside it, such as adversarial.")] = "",
    model: ModelName = "skittish",
    base_url: BaseUrl = None,
    dtype: Dtype = "auto",
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit of a hub id.")] = None,
    mitigations: Annotated[
        str, typer.Option(help="Comma-separated names; a plus joins several: ignore_word+steer.")
    ] = "none",
    method: Annotated[
        str | None,
        typer.Option(help="Attribution that finds the triggers, or focus: the record's own.", show_default=DEFAULT),
    ] = None,
    judge: Judges = "rules",
    harm_judge: HarmJudge = "",
    judge_base_url: JudgeUrl = None,
    limit: Limit = None,
    max_new_tokens: Tokens = 128,
    temperature: Annotated[float, typer.Option(min=0, max=10, help="Of sampled answers; 0 is greedy.")] = 0.0,
    samples: Annotated[int, typer.Option(min=1, help="Sampled answers to each record.")] = 1,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Of the sampling.")] = 0,
    system: Annotated[str, typer.Option(help="System turn of every record, in place of its own.")] = "",
    assistant: Earlier = "scripted",
    early_stop: Annotated[
        bool, typer.Option("--early-stop", help="End answers whose verdict is settled; not for final figures.")
    ] = False,
    concurrency: Concurrency = 8,
    max_requests: MaxRequests = None,
    max_tokens_total: MaxTotal = None,
    ray: Ray = False,
    actors: ActorCount = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would take.")] = False,
) -> None:
    """Evaluate models on datasets, with and without mitigations; several of them are named with commas between."""
    from eval.diagnose import check_names
    from eval.judges.panel import load_panel
    from eval.models.budget import Limits
    from eval.runs.cluster import check_actors
    from eval.runs.experiment import check_arguments, folders
    from eval.runs.triggers import check_source

    names, suites = name_list(mitigations), list(dict.fromkeys(name_list(suite)))
    models, datasets = one_or_more(model), one_or_more(dataset)
    check_source(method)
    check_names(None, names, judge)
    check_arguments(models, base_url, dtype, temperature, samples, names)
    check_actors(models, ray, actors)
    panel = None if dry_run else load_panel(judge, harm_judge, judge_base_url)
    places = folders(out, models, datasets)
    asked = _records(datasets, split, suites, limit)
    options = {
        "split": split, "suites": suites, "mitigations": names, "method": method,
        "max_new_tokens": max_new_tokens, "temperature": temperature, "samples": samples, "seed": seed,
        "system": system, "assistant": assistant, "early_stop": early_stop,
    }  # fmt: skip
    source = Source(base_url, dtype, revision, ray, actors)
    failed = False
    for name in models:
        try:
            if dry_run:
                _plan(name, source, asked, places, {**options, "judge": judge, "harm_judge": harm_judge})
            else:
                limits = Limits(concurrency, max_tokens_total, max_requests)
                more = {"judge": panel, "limits": limits, "base_url": base_url}
                _evaluate(name, source, asked, places, {**options, **more})
        except XsbError as error:
            if len(models) == 1:
                raise
            typer.echo(f"error: {name}: {error}", err=True)
            failed = True
    if failed:
        raise typer.Exit(2)


def _records(datasets: Sequence[str], split: str, suites: Sequence[str], limit: int | None) -> dict[str, list[Record]]:
    """The records of each dataset, with the suites beside the first."""
    from eval.load import stratified
    from eval.suites import load_suite

    beside = [record for name in suites for record in stratified(load_suite(name), limit)]
    found = {name: stratified(load_all([name], [split]), limit) for name in datasets}
    found[datasets[0]] = [*found[datasets[0]], *beside]
    return found


def _evaluate(name: str, source: Source, asked: Asked, places: Places, options: Mapping[str, Any]) -> None:
    from eval.runs.notes import agreements, notes
    from eval.runs.report import write_report
    from eval.runs.run import run as evaluate
    from eval.runs.view import show_metrics
    from eval.view import show_judging

    with _loaded(name, source) as loaded:
        for dataset, records in asked.items():
            out = places[name, dataset]
            samples = evaluate(loaded, records, out, dataset=dataset, **options)
            if len(places) > 1:
                typer.echo(f"{name} on {dataset}")
            show_metrics(samples, Console())
            show_judging(notes(samples, options["judge"].facts), agreements(samples), Console())
            typer.echo(f"report: {write_report(out)}")


@contextmanager
def _loaded(name: str, source: Source) -> "Iterator[Model | Actors[OpenWeights]]":
    """The model, here or on actors, which end with the context."""
    from eval.models import load_model
    from eval.runs.cluster import cluster

    with ExitStack() as stack:
        with working(f"loading {name}"):
            if source.ray:
                models = stack.enter_context(cluster(source.actors)).models(name, **source.options)
                loaded: Model | Actors[OpenWeights] = stack.enter_context(models)
            else:
                loaded = load_model(name, base_url=source.base_url, **source.options)
        yield loaded


def _plan(name: str, source: Source, asked: Asked, places: Places, options: Mapping[str, Any]) -> None:
    from eval.models import load_model
    from eval.runs.plan import plan
    from eval.runs.view import show_plan

    try:
        with working(f"loading {name}"):
            model: Model | XsbError = load_model(name, device="meta", base_url=source.base_url, **source.options)
    except XsbError as error:
        model = error
    for dataset, records in asked.items():
        with working(f"counting {dataset}"):
            told = plan(name, model, records, places[name, dataset], dataset=dataset, **options)
        show_plan(told, Console())


def twins(
    out: Annotated[Path, typer.Option(help="JSON file to write.")],
    dataset: Annotated[str, typer.Option(help="Comma-separated datasets, each as for run.")] = "xsb,ms_xsb",
    split: Annotated[str, typer.Option(help="Comma-separated splits.")] = "test,dev",
    model: ModelName = "skittish",
    base_url: BaseUrl = None,
    dtype: Dtype = "auto",
) -> None:
    """Answer each safe record and its neutral twin, and write who was refused."""
    from eval.twins import measure_twins, twins_json

    if out.is_dir() or not out.parent.is_dir():
        raise InputError(f"{out} cannot be written: give a file in a folder that exists")
    records, loaded = load_both(name_list(dataset), name_list(split), model, dtype, base_url)
    found = measure_twins(loaded, records)
    out.write_text(twins_json(found), encoding="utf-8")
    refused = [row for row in found.rows if row.refused]
    freed = sum(not row.twin_refused for row in refused)
    typer.echo(f"{len(refused)} of {len(found.rows)} safe records refused, {freed} of them answered as twins: {out}")
