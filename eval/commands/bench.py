"""`xsb-eval bench`: how fast and how right attribution is."""

import json
from typing import Annotated

import typer

from eval.commands.options import Dtype, ModelName

bench = typer.Typer(help="Speed of the refusal score.", no_args_is_help=True)


@bench.command("attribution")
def bench_attribution(
    model: ModelName = "skittish",
    dtype: Dtype = "float32",
    rounds: Annotated[int, typer.Option(min=1, help="Timed repetitions; the median counts.")] = 3,
) -> None:
    """Time leave-one-word-out with shared prefix and batches against one forward pass per coalition; JSON on stdout."""
    from eval.bench.attribution import measure

    typer.echo(json.dumps(measure(model, dtype, rounds), indent=2))
