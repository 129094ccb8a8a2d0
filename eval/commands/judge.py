"""`xsb-eval judge`: a table of answers."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from eval.commands.options import Judges, JudgeUrl, check_file


def judge(
    answers: Annotated[Path, typer.Argument(help="CSV with the columns prompt and response; others are kept.")],
    out: Annotated[Path, typer.Option(help="CSV to write, with label, evidence and confidence besides.")],
    name: Judges = "rules",
    judge_base_url: JudgeUrl = None,
    truth: Annotated[str, typer.Option(help="Column of human labels to compare with.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="The comparison as JSON on stdout.")] = False,
) -> None:
    """Judge a table of answers: full compliance, partial or full refusal, each with the sentence that decided.

    An empty response counts as a full refusal, and its evidence says so. Of further judges the label is added.
    """
    from eval.judges.between import between
    from eval.judges.canaries import wrong
    from eval.judges.panel import load_panel
    from eval.judges.table import agreement, judged, read_rows, write_rows
    from eval.look.terminal import show_agreement, show_judging
    from eval.runs.notes import one_verdict

    check_file(out)
    panel = load_panel(name, base_url=judge_base_url)
    rows = read_rows(answers)
    for judge in panel.judges:
        if said := wrong(judge):
            typer.echo(f"note: {said}; do not trust its verdicts", err=True)
    names = [judge.facts.name for judge in panel.judges]
    verdicts = list(zip(*(judged(rows, judge) for judge in panel.judges), strict=True))
    first = [verdict for verdict, *_ in verdicts]
    found, beside = agreement(rows, first, truth) if truth else None, between(names, verdicts)
    write_rows(out, rows, verdicts, names)
    if as_json and (found or beside):
        told = (found.model_dump() if found else {}) | ({"judges": [b.model_dump() for b in beside]} if beside else {})
        typer.echo(json.dumps(told, indent=2))
    elif not as_json:
        if found:
            show_agreement(found, Console())
        show_judging([] if found else one_verdict(first), beside, Console())
    unscored = sum(verdict.label == "unscored" for verdict in first)
    typer.echo(f"{len(rows)} answers judged, {unscored} of them unscored: {out}", err=as_json)
