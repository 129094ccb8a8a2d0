"""`xsb-eval report` and `compare`: what runs that are there already say."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from eval.runs.conditions import Condition
    from eval.runs.metrics import Metrics

FailIf = Annotated[
    list[str] | None,
    typer.Option("--fail-if", help='Exit with 1 if so, such as "false_refusal > 0.1"; may be given again.'),
]


def report(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    fail_if: FailIf = None,
) -> None:
    """Write report.json and report.html of a run anew, and show its figures."""
    from eval.look.terminal import show_judging
    from eval.runs.conditions import parse
    from eval.runs.metrics import metrics
    from eval.runs.notes import agreements, notes
    from eval.runs.report import read_run, write_report
    from eval.runs.view import show_metrics

    conditions = [parse(text) for text in fail_if or []]
    config, samples = read_run(run)
    show_metrics(samples, Console())
    show_judging(notes(samples, config.judges), agreements(samples), Console())
    typer.echo(f"report: {write_report(run)}")
    _check(conditions, metrics(samples))


def compare(
    runs: Annotated[list[Path], typer.Argument(help="Run folders, older ones first.")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout instead of tables.")] = False,
    fail_if: FailIf = None,
) -> None:
    """Compare each run with the one before: figures, whether they differ by more than chance, answers that flipped.

    Conditions of --fail-if are on the last run.
    """
    from eval.runs.compare import compare as changes
    from eval.runs.conditions import parse
    from eval.runs.metrics import metrics
    from eval.runs.report import read_run
    from eval.runs.view import show_changes

    conditions = [parse(text) for text in fail_if or []]
    found = changes(runs)
    if as_json:
        typer.echo("[" + ",\n".join(change.model_dump_json(indent=2) for change in found) + "]")
    else:
        show_changes(found, Console())
    _check(conditions, metrics(read_run(runs[-1])[1]) if conditions else [])


def _check(conditions: "list[Condition]", rows: "list[Metrics]") -> None:
    from eval.runs.conditions import met

    told = met(conditions, rows)
    for line in told:
        typer.echo(f"failed: {line}", err=True)
    if told:
        raise typer.Exit(1)
