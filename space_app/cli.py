"""`xsb-space`: open the page on this machine, or publish it as a Space."""

from pathlib import Path
from typing import Annotated

import typer

from eval.commands.options import HubDryRun, Private
from eval.errors import InputError, XsbError, run_command

app = typer.Typer(help="The page: try a prompt, see the trigger, see the refusal go away; explore, review, contribute.")


@app.callback(invoke_without_command=True)
def serve(
    context: typer.Context,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on this machine.")] = 7860,
    only: Annotated[
        str | None, typer.Option(metavar="TAB", help="One tab alone: try, explore, results, review or contribute.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="Settings in YAML: models, datasets, results, limits.")] = None,
    candidates: Annotated[Path | None, typer.Option(help="What to review: the file of xsb-build screen.")] = None,
    reviews: Annotated[Path | None, typer.Option(help="Folder of the opinions, a file per reviewer.")] = None,
) -> None:
    """Serve the page on loopback until interrupted."""
    if context.invoked_subcommand:
        return
    from space_app.page import build, serve
    from space_app.settings import REVIEW_NEEDS, ReviewSettings, read_settings

    settings = read_settings(config)
    if (candidates is None) != (reviews is None):
        raise InputError(REVIEW_NEEDS)
    if candidates and reviews:
        settings = settings.model_copy(update={"review": ReviewSettings(candidates=candidates, reviews=reviews)})
    if settings.weights:
        from space_app.weights import fetch

        fetch(settings.weights)
    page = build(settings, only)
    try:
        serve(page, settings, server_name="127.0.0.1", server_port=port)
    except OSError as error:
        raise XsbError(f"port {port} cannot be used ({error}); choose another with --port") from error


@app.command()
def deploy(
    repo_id: Annotated[str, typer.Option("--repo-id", help="The Space on the Hub, like ORG/xsb.")],
    config: Annotated[Path | None, typer.Option(help="Settings in YAML, for the Space.")] = None,
    dry_run: HubDryRun = False,
    private: Private = False,
) -> None:
    """Publish the page as a Space on the Hub: one commit with the files that it needs, compared with those here.

    The token is that of HF_TOKEN or of `hf auth login`.
    """
    from tempfile import TemporaryDirectory

    from hub_cards.hub import quiet_client
    from space_app.deploy import differences, not_there, plan_space, publish_space, space_files
    from space_app.settings import read_settings

    quiet_client()
    settings = read_settings(config)
    with TemporaryDirectory() as folder:
        planned = plan_space(space_files(config, settings, Path(folder)), repo_id, dry_run=dry_run)
        for line in (planned.heading, *differences(planned), *not_there(settings)):
            typer.echo(line)
        if dry_run:
            typer.echo("dry run: nothing was published")
            return
        done = publish_space(planned, private=private)
    typer.echo(f"{'published' if done.sent else 'nothing to upload;'} {done.revision}, compared: {done.url}")


def main() -> None:
    """Entry point."""
    run_command(app)
