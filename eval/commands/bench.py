"""`xsb-eval bench`: how fast and how right attribution is, and how fast answers are, and what the gateway costs."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from eval.commands.options import BaseUrl, Dtype, ModelName, name_list

bench = typer.Typer(help="Speed and accuracy of attribution, speed of answers.", no_args_is_help=True)
OUT = Path("runs", "attribution")


@bench.command("attribution")
def bench_attribution(
    model: ModelName = "skittish",
    dtype: Annotated[
        str, typer.Option(help="auto, float32, bfloat16 or float16.", show_default="float32; with --accuracy auto")
    ] = "",
    quick: Annotated[bool, typer.Option("--quick", help="One short prompt, few evaluations: under 3 minutes.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout instead of a table.")] = False,
    accuracy: Annotated[bool, typer.Option("--accuracy", help="How right, not how fast; the options below.")] = False,
    methods: Annotated[str, typer.Option(help="Comma-separated names.", show_default="all")] = "",
    split: Annotated[Literal["test", "dev"], typer.Option(help="dev to choose on, test to report.")] = "test",
    limit: Annotated[int | None, typer.Option(min=1, help="Cases of each kind.", show_default="all")] = None,
    out: Annotated[Path, typer.Option(help="Folder of all results; what it holds is not run again.")] = OUT,
) -> None:
    """Time attribution beside captum and inseq, or score each method against known triggers.

    With --accuracy: skittish's true triggers by kind, and the Focus of the release's safe records that it refuses.
    """
    if accuracy:
        _accuracy(model, dtype or "auto", name_list(methods), split, limit, out, as_json)
    else:
        _speed(model, dtype or "float32", quick, as_json)


@bench.command("generation")
def bench_generation(
    model: ModelName = "skittish",
    dtype: Dtype = "auto",
    quick: Annotated[
        bool, typer.Option("--quick", help="192 prompts, types taking turns, fewer batch sizes: about 10 minutes.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout instead of a table.")] = False,
) -> None:
    """Time answers to the release's test prompts beside transformers' text-generation pipeline."""
    from rich.console import Console

    from eval.bench.generation import bench as measure
    from eval.bench.generation import generation_table
    from eval.bench.table import WIDTH

    found = measure(model, dtype, quick)
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
    else:
        Console(width=WIDTH).print(generation_table(found))


@bench.command("gateway")
def bench_gateway(
    model: ModelName = "skittish",
    base_url: BaseUrl = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer requests: under a minute after the start.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout instead of a table.")] = False,
) -> None:
    """Time ordinary requests through the gateway beside the endpoint itself: one on loopback, and a real model."""
    from rich.console import Console

    from eval.bench.gateway import bench as measure
    from eval.bench.gateway import gateway_table
    from eval.bench.table import WIDTH

    found = measure(model, base_url, quick)
    if as_json:
        typer.echo(json.dumps([one.model_dump() for one in found], indent=2))
    else:
        Console(width=WIDTH).print(gateway_table(found))


def _accuracy(
    model: str, dtype: str, methods: list[str], split: Literal["test", "dev"], limit: int | None, out: Path,
    as_json: bool,
) -> None:  # fmt: skip
    from eval.attribution import check_open
    from eval.bench.accuracy.bench import bench as measure
    from eval.models import load_model

    found = measure(check_open(load_model(model, dtype=dtype), "the bench"), out, methods, split, limit)
    typer.echo(found.model_dump_json(indent=2) if as_json else f"report: {out / 'report.md'}")


def _speed(model: str, dtype: str, quick: bool, as_json: bool) -> None:
    from rich.console import Console

    from eval.attribution import check_open
    from eval.bench.peers import INSTALL_INSEQ, peers_of
    from eval.bench.speed import bench as measure
    from eval.bench.table import WIDTH, speed_table
    from eval.models import load_model

    speed = measure(check_open(load_model(model, dtype=dtype), "the bench"), quick)
    if as_json:
        typer.echo(speed.model_dump_json(indent=2))
    else:
        Console(width=WIDTH).print(speed_table(speed))
    if "inseq" not in peers_of("ig"):
        typer.echo(INSTALL_INSEQ, err=True)
