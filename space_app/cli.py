"""`xsb-space`: open the page on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from eval.errors import InputError, XsbError, run_command

app = typer.Typer(help="The page: try a prompt, see the trigger, see the refusal go away; explore, review, contribute.")


@app.callback(invoke_without_command=True)
def serve(
    context: typer.Context,
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 7860,
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
    from space_app.settings import ReviewSettings, read_settings

    settings = read_settings(config)
    if (candidates is None) != (reviews is None):
        raise InputError("the Review tab needs both --candidates FILE.jsonl and --reviews FOLDER; give the other too")
    if candidates:
        settings = settings.model_copy(update={"review": ReviewSettings(candidates=candidates, reviews=reviews)})
    page = build(settings, only)
    try:
        serve(page, server_name="127.0.0.1", server_port=port, max_file_size=settings.limits.upload_bytes)
    except OSError as error:
        raise XsbError(f"port {port} cannot be used ({error}); choose another with --port") from error


def main() -> None:
    """Entry point."""
    run_command(app)
