"""`xsb-eval run` and `twins`: many records."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from eval.commands.options import BaseUrl, Dtype, Judges, JudgeUrl, ModelName, Tokens, load_both, name_list
from eval.errors import InputError


def run(
    out: Annotated[Path, typer.Option(help="Run folder; an unfinished run in it goes on.")],
    dataset: Annotated[str, typer.Option(help="xsb, ms_xsb, a hub id, or a CSV, JSONL or parquet file.")] = "xsb",
    split: Annotated[str, typer.Option(help="Split of a release or hub dataset.")] = "test",
    suite: Annotated[str, typer.Option(help="Comma-separated suites beside it, such as adversarial.")] = "",
    model: ModelName = "skittish",
    base_url: BaseUrl = None,
    dtype: Dtype = "auto",
    mitigations: Annotated[
        str, typer.Option(help="Comma-separated names; a plus joins several: ignore_word+steer.")
    ] = "none",
    method: Annotated[str, typer.Option(help="Attribution method that finds the triggers.")] = "ablation",
    judge: Judges = "rules",
    harm_judge: Annotated[
        str,
        typer.Option(help="Whether answers to unsafe prompts really help to do harm: llm:MODEL or classifier:FOLDER."),
    ] = "",
    judge_base_url: JudgeUrl = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Records of the dataset and of each suite, types taking turns.")
    ] = None,
    max_new_tokens: Tokens = 128,
    system: Annotated[str, typer.Option(help="System turn of every record, in place of its own.")] = "",
    assistant: Annotated[
        Literal["scripted", "live"],
        typer.Option(help="Earlier answers: as recorded, where they are, or all the model's own."),
    ] = "scripted",
) -> None:
    """Evaluate a model on a dataset, with and without mitigations."""
    from eval.diagnose import check_names
    from eval.judges.panel import load_panel
    from eval.load import stratified
    from eval.runs.metrics import metrics
    from eval.runs.notes import agreements, notes
    from eval.runs.report import write_report
    from eval.runs.run import run as evaluate
    from eval.suites import load_suite
    from eval.view import show_judging, show_metrics

    names, suites = name_list(mitigations), list(dict.fromkeys(name_list(suite)))
    check_names(method, names, judge)
    panel = load_panel(judge, harm_judge, judge_base_url)
    beside = [record for name in suites for record in stratified(load_suite(name), limit)]
    records, loaded = load_both([dataset], [split], model, dtype, base_url)
    records = [*stratified(records, limit), *beside]
    samples = evaluate(
        loaded, records, out, dataset=dataset, split=split, suites=suites, mitigations=names, method=method,
        judge=panel, max_new_tokens=max_new_tokens, system=system, assistant=assistant,
    )  # fmt: skip
    show_metrics(metrics(samples), Console())
    show_judging(notes(samples, panel.facts), agreements(samples), Console())
    typer.echo(f"report: {write_report(out)}")


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

    if not out.parent.is_dir():
        raise InputError(f"there is no folder {out.parent} for {out.name}; make it, or choose another --out")
    records, loaded = load_both(name_list(dataset), name_list(split), model, dtype, base_url)
    found = measure_twins(loaded, records)
    out.write_text(twins_json(found), encoding="utf-8")
    refused = [row for row in found.rows if row.refused]
    freed = sum(not row.twin_refused for row in refused)
    typer.echo(f"{len(refused)} of {len(found.rows)} safe records refused, {freed} of them answered as twins: {out}")
