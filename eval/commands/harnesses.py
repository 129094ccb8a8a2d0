"""`xsb-eval import` and `lm-eval`: other people's harnesses."""

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from eval.commands.options import HarmJudge, Judges, JudgeUrl
from eval.errors import XsbError


def import_run(
    log: Annotated[
        Path, typer.Argument(help="Inspect log (.eval, .json), or lm-eval's samples_*.jsonl or output folder.")
    ],
    out: Annotated[Path, typer.Option(help="Run folder to make.")],
    judge: Judges = "rules",
    harm_judge: HarmJudge = "",
    judge_base_url: JudgeUrl = None,
) -> None:
    """Make a run of a log of Inspect AI or lm-evaluation-harness, its answers judged anew, to report and compare."""
    from eval.harnesses.imported import import_log
    from eval.judges.panel import load_panel
    from eval.look.terminal import show_judging
    from eval.runs.notes import agreements, notes
    from eval.runs.report import write_report
    from eval.runs.view import show_metrics

    panel = load_panel(judge, harm_judge, judge_base_url)
    samples = import_log(log, out, panel)
    show_metrics(samples, Console())
    show_judging(notes(samples, panel.facts), agreements(samples), Console())
    typer.echo(f"report: {write_report(out)}")


def lm_eval() -> None:
    """Print the folder of the tasks xsb, ms_xsb and xsb_all, for lm-eval's --include_path."""
    if find_spec("lm_eval") is None:
        raise XsbError("lm-evaluation-harness is not installed; run: pip install 'xsb[lm-eval]'")
    typer.echo(Path(__file__).parents[1] / "harnesses" / "lm_eval")
