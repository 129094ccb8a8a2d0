"""`xsb-eval judge`: a table of answers."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console


def judge(
    answers: Annotated[Path, typer.Argument(help="CSV with the columns prompt and response; others are kept.")],
    out: Annotated[Path, typer.Option(help="CSV to write, with label, evidence and confidence besides.")],
    name: Annotated[str, typer.Option("--judge", help="Judge.")] = "rules",
    truth: Annotated[str, typer.Option(help="Column of human labels to compare with.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="The comparison as JSON on stdout.")] = False,
) -> None:
    """Judge a table of answers: full compliance, partial or full refusal, each with the sentence that decided."""
    from eval.diagnose import check_names
    from eval.judges import JUDGES
    from eval.judges.table import agreement, judged, read_rows, write_rows
    from eval.view import show_agreement

    check_names(None, [], name)
    rows = read_rows(answers)
    verdicts = judged(rows, JUDGES[name])
    found = agreement(rows, verdicts, truth) if truth else None
    write_rows(out, rows, verdicts)
    if found and as_json:
        typer.echo(found.model_dump_json(indent=2))
    elif found:
        show_agreement(found, Console())
    unscored = sum(verdict.label == "unscored" for verdict in verdicts)
    typer.echo(f"{len(rows)} answers judged, {unscored} of them unscored: {out}", err=as_json)
