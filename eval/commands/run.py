"""`xsb-eval run`: many records, with and without mitigations."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer
from rich.console import Console

from eval.commands import options as given
from eval.commands.options import load_each, name_list, one_or_more
from eval.errors import XsbError
from eval.models.protocol import Model, OpenWeights
from eval.progress import working
from eval.record import Record

if TYPE_CHECKING:
    from eval.judges.panel import Panel
    from eval.models.budget import Limits
    from eval.runs.distributed import Actors
    from eval.runs.options import Options


class Loading(NamedTuple):
    """Where models come from, and as what and where they are loaded."""

    base_url: str | None
    dtype: str
    revision: str | None
    ray: bool
    actors: int | None

    def here(self, name: str, device: str = "auto") -> Model:
        """A model in this process or behind the endpoint."""
        from eval.models import load_model

        return load_model(name, revision=self.revision, dtype=self.dtype, device=device, base_url=self.base_url)


class Run(NamedTuple):
    """One run of a model: `title` tells it from others, "" if there are none."""

    title: str
    records: list[Record]
    options: "Options"
    out: Path


def run(
    out: given.RunFolder,
    config: given.ConfigFile = None,  # noqa: ARG001  # its callback has read it
    dataset: given.Dataset = "xsb",
    split: given.Split = "test",
    suite: given.Suites = "",
    model: given.ModelName = "skittish",
    base_url: given.BaseUrl = None,
    dtype: given.Dtype = "auto",
    revision: given.Revision = None,
    mitigations: given.Mitigations = "none",
    method: given.TriggerMethod = None,
    judge: given.Judges = "rules",
    harm_judge: given.HarmJudge = "",
    judge_base_url: given.JudgeUrl = None,
    limit: given.Limit = None,
    max_new_tokens: given.Tokens = 128,
    temperature: given.Temperature = 0.0,
    samples: given.Samples = 1,
    seed: given.Seed = 0,
    system: given.SystemTurn = "",
    assistant: given.EarlierAnswers = "scripted",
    early_stop: given.EarlyStop = False,
    concurrency: given.Concurrency = 8,
    max_requests: given.MaxRequests = None,
    max_tokens_total: given.MaxTotal = None,
    ray: given.Ray = False,
    actors: given.ActorCount = None,
    dry_run: given.DryRun = False,
) -> None:
    """Evaluate models on datasets, with and without mitigations; several of them are named with commas between."""
    from eval.checks import check_names
    from eval.judges.panel import load_panel
    from eval.models.budget import Limits
    from eval.runs.cluster import check_actors
    from eval.runs.experiment import check_arguments, folders
    from eval.runs.options import Options
    from eval.runs.triggers import check_source

    names, suites = name_list(mitigations), list(dict.fromkeys(name_list(suite)))
    models, datasets = one_or_more(model), one_or_more(dataset)
    check_source(method)
    check_names(None, names, judge)
    check_arguments(models, base_url, dtype, temperature, samples, names)
    check_actors(models, ray, actors)
    panel = None if dry_run else load_panel(judge, harm_judge, judge_base_url)
    places = folders(out, models, datasets)
    loaded, commits = load_each(datasets, split)
    asked = _records(loaded, suites, limit)
    options = Options(
        dataset=dataset, split=split, suites=suites, mitigations=names, method=method, max_new_tokens=max_new_tokens,
        temperature=temperature, samples=samples, seed=seed, system=system, assistant=assistant, early_stop=early_stop,
    )  # fmt: skip
    loading = Loading(base_url, dtype, revision, ray, actors)
    limits = Limits(concurrency, max_tokens_total, max_requests)
    runs = _runs(asked, options, places, commits)
    if panel is None:
        _for_each(runs, partial(_plan, loading=loading, judge=judge, harm_judge=harm_judge))
    else:
        _for_each(runs, partial(_evaluate, loading=loading, panel=panel, limits=limits))


def _runs(
    asked: Mapping[str, list[Record]],
    options: "Options",
    places: Mapping[tuple[str, str], Path],
    commits: Mapping[str, str],
) -> dict[str, list[Run]]:
    """The runs of each model."""
    found: dict[str, list[Run]] = {}
    for (model, dataset), out in places.items():
        title = f"{model} on {dataset}" if len(places) > 1 else ""
        own = replace(options, dataset=dataset, dataset_commit=commits[dataset])
        found.setdefault(model, []).append(Run(title, asked[dataset], own, out))
    return found


def _for_each(runs: Mapping[str, Sequence[Run]], work: Callable[[str, Sequence[Run]], None]) -> None:
    """Do the work for each model; of several, one that fails stops no other."""
    failed = False
    for name, own in runs.items():
        try:
            work(name, own)
        except XsbError as error:
            if len(runs) == 1:
                raise
            typer.echo(f"error: {name}: {error}", err=True)
            failed = True
    if failed:
        raise typer.Exit(2)


def _records(loaded: Mapping[str, list[Record]], suites: Sequence[str], limit: int | None) -> dict[str, list[Record]]:
    """The records of each dataset, with the suites beside the first."""
    from eval.load import stratified
    from eval.suites import load_suite

    beside = [record for name in suites for record in stratified(load_suite(name), limit)]
    found = {name: stratified(records, limit) for name, records in loaded.items()}
    first = next(iter(found))
    found[first] = [*found[first], *beside]
    return found


def _evaluate(name: str, runs: Sequence[Run], loading: Loading, panel: "Panel", limits: "Limits") -> None:
    from eval.look.terminal import show_judging
    from eval.runs.notes import agreements, notes
    from eval.runs.report import write_report
    from eval.runs.run import run as evaluate
    from eval.runs.view import show_metrics

    with _loaded(name, loading) as loaded:
        for one in runs:
            samples = evaluate(
                loaded, one.records, one.out, one.options, judge=panel, limits=limits, base_url=loading.base_url
            )
            if one.title:
                typer.echo(one.title)
            show_metrics(samples, Console())
            show_judging(notes(samples, panel.facts), agreements(samples), Console())
            typer.echo(f"report: {write_report(one.out)}")


@contextmanager
def _loaded(name: str, loading: Loading) -> "Iterator[Model | Actors[OpenWeights]]":
    """The model, here or on actors, which end with the context."""
    from eval.runs.cluster import cluster

    with ExitStack() as stack:
        with working(f"loading {name}"):
            if loading.ray:
                models = stack.enter_context(cluster(loading.actors)).models(name, loading.dtype, loading.revision)
                loaded: Model | Actors[OpenWeights] = stack.enter_context(models)
            else:
                loaded = loading.here(name)
        yield loaded


def _plan(name: str, runs: Sequence[Run], loading: Loading, judge: str, harm_judge: str) -> None:
    from eval.runs.plan import plan
    from eval.runs.view import show_plan

    try:
        with working(f"loading {name}"):
            model: Model | XsbError = loading.here(name, device="meta")
    except XsbError as error:
        model = error
    for one in runs:
        with working(f"counting {one.options.dataset}"):
            told = plan(name, model, one.records, one.out, one.options, judge=judge, harm_judge=harm_judge)
        show_plan(told, Console())
