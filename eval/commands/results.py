"""`xsb-eval report` and `compare`: what runs that are there already say."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

FailIf = Annotated[
    list[str] | None,
    typer.Option("--fail-if", help='Exit with 1 if so, such as "false_refusal > 0.1"; may be given again.'),
]


def report(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    fail_if: FailIf = None,
) -> None:
    """Write report.json and report.html of a run anew, and show its figures."""
    from eval.runs.metrics import metrics
    from eval.runs.report import read_run, write_report
    from eval.view import show_metrics

    rows = metrics(read_run(run)[1])
    page = write_report(run)
    show_metrics(rows, Console())
    typer.echo(f"report: {page}")
    _check(fail_if, run)


def compare(
    runs: Annotated[list[Path], typer.Argument(help="Run folders, older ones first.")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout instead of tables.")] = False,
    fail_if: FailIf = None,
) -> None:
    """Compare each run with the one before: figures, whether they differ by more than chance, answers that flipped.

    Conditions of --fail-if are on the last run.
    """
    from eval.runs.compare import compare as changes
    from eval.view import show_changes

    found = changes(runs)
    if as_json:
        typer.echo("[" + ",\n".join(change.model_dump_json(indent=2) for change in found) + "]")
    else:
        show_changes(found, Console())
    _check(fail_if, runs[-1])


def _check(fail_if: list[str] | None, run: Path) -> None:
    from eval.runs.conditions import met, parse
    from eval.runs.metrics import metrics
    from eval.runs.report import read_run

    conditions = [parse(text) for text in fail_if or []]
    told = met(conditions, metrics(read_run(run)[1])) if conditions else []
    for line in told:
        typer.echo(f"failed: {line}", err=True)
    if told:
        raise typer.Exit(1)
