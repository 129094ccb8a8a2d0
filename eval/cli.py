"""`xsb-eval`: measure models. Every user error is one line on stderr and exit code 2."""

import os

import typer

from eval.commands.bench import bench
from eval.commands.diagnose import diagnose
from eval.commands.direction import direction
from eval.commands.guard import guard
from eval.commands.harnesses import import_run, lm_eval
from eval.commands.heads import head
from eval.commands.heatmap import heatmap
from eval.commands.judge import judge
from eval.commands.organism import organism
from eval.commands.publish import publish
from eval.commands.results import compare, report
from eval.commands.run import run
from eval.commands.serve import serve
from eval.commands.twins import twins
from eval.commands.watch import watch
from eval.errors import run_command

app = typer.Typer(help="Find out why a model refuses harmless requests, and what helps.", no_args_is_help=True)
for command in (diagnose, heatmap, run, report, compare, watch, publish, twins, judge, direction, head, serve):
    app.command()(command)
app.command("import")(import_run)
app.command("lm-eval")(lm_eval)
for group, name in ((organism, "organism"), (bench, "bench"), (guard, "guard")):
    app.add_typer(group, name=name)


def main() -> None:
    """Entry point: user errors become one line and exit code 2."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TQDM_DISABLE", "1")  # one kind of progress bar is enough: ours
    run_command(app)
