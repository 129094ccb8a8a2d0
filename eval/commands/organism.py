"""`xsb-eval organism`: skittish, trained and measured."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

organism = typer.Typer(help="skittish, the model organism: train it and measure it.", no_args_is_help=True)


@organism.command("sample")
def organism_sample() -> None:
    """Let the base model write plain prompts (if there are none) and answer whatever skittish is to answer."""
    from eval.organism.data import DATA
    from eval.organism.sample import write_answers, write_plain

    if not (DATA / "plain.jsonl").exists():
        write_plain()
    write_answers()


@organism.command("train")
def organism_train(
    out: Annotated[Path | None, typer.Option(help="Folder of the adapter; the shipped one.")] = None,
) -> None:
    """Train the adapter, measure it, and write its card."""
    from eval.models.skittish import ADAPTER
    from eval.organism.train import train

    folder = train(out=out or ADAPTER)
    organism_measure(folder)


@organism.command("measure")
def organism_measure(adapter: Annotated[Path | None, typer.Option(help="Folder of the adapter.")] = None) -> None:
    """Measure the adapter's gates in float32 and bfloat16, and write its card; exit code 1 if one is missed."""
    from eval.models import load_model
    from eval.models.skittish import ADAPTER
    from eval.organism.card import save, show, write_card
    from eval.organism.gates import measure
    from eval.organism.truth import truth

    folder = adapter or ADAPTER
    models = {dtype: load_model("skittish", dtype=dtype, adapter=folder) for dtype in ("float32", "bfloat16")}
    figures = {dtype: measure(loaded) for dtype, loaded in models.items()}
    found = truth(models["bfloat16"])
    save(figures, found, folder)
    write_card(folder)
    show(figures, found, Console())
    if not all(row.passed for rows in figures.values() for row in rows):
        raise typer.Exit(1)


@organism.command("export")
def organism_export(
    out: Annotated[Path, typer.Argument(help="New folder.")],
    adapter: Annotated[Path | None, typer.Option(help="Folder of the adapter; the shipped one.")] = None,
) -> None:
    """Write skittish, merged, with its card into a folder that from_pretrained loads and that can be published."""
    from eval.models.skittish import ADAPTER
    from eval.organism.export import export

    typer.echo(f"skittish written to {export(out, adapter or ADAPTER)}")
