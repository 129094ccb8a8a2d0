"""`xsb-space`: open the page on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from eval.errors import XsbError, run_command

app = typer.Typer(help="The page: try a prompt, see the trigger, see the refusal go away; review candidates.")


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 7860,
    only: Annotated[str | None, typer.Option(help="Serve one tab alone: try or review.")] = None,
    candidates: Annotated[Path | None, typer.Option(help="What to review: the file of xsb-build screen.")] = None,
    reviews: Annotated[Path | None, typer.Option(help="Folder of the opinions, a file per reviewer.")] = None,
) -> None:
    """Serve the page on loopback until interrupted."""
    from space_app.page import build

    page = build(only, candidates, reviews)
    try:
        page.launch(server_name="127.0.0.1", server_port=port)
    except OSError as error:
        raise XsbError(f"port {port} cannot be used ({error}); choose another with --port") from error


def main() -> None:
    """Entry point."""
    run_command(app)
