"""`xsb-eval organism`: skittish, trained and measured."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from eval.commands.options import HubDryRun, Private

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


@organism.command("publish")
def organism_publish(
    repo_id: Annotated[str, typer.Option("--repo-id", help="Model on the Hub, like ORG/skittish.")],
    adapter: Annotated[Path | None, typer.Option(help="Folder of the adapter; the shipped one.")] = None,
    create_pr: Annotated[bool, typer.Option("--create-pr", help="Open a pull request there instead.")] = False,
    dry_run: HubDryRun = False,
    private: Private = False,
) -> None:
    """Publish skittish, merged, with its card on the Hub: one commit and a tag for the version, read back and compared.

    The token is that of HF_TOKEN or of `hf auth login`.
    """
    from tempfile import TemporaryDirectory

    from eval.models.skittish import ADAPTER
    from eval.organism.export import export
    from eval.organism.publish import plan_model, publish_model
    from hub_cards.hub import Repository, publisher, quiet_client

    quiet_client()
    if not dry_run:
        publisher(Repository(repo_id, "model"), request_only=create_pr)  # before minutes of work are in vain
    with TemporaryDirectory() as folder:
        exported = export(Path(folder) / "skittish", adapter or ADAPTER)
        planned = plan_model(exported, repo_id, adapter or ADAPTER, create_pr=create_pr, dry_run=dry_run)
        for line in (planned.heading, *planned.differences):
            typer.echo(line)
        if dry_run:
            typer.echo("dry run: nothing was published")
            return
        done = publish_model(planned, private=private)
    what = "published" if done.sent else "nothing to upload;"
    typer.echo(f"{what} {planned.tag} as {done.revision}, read back and compared: {done.url}")
