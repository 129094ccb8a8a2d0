"""`xsb-eval publish`: a run as data on the Hub."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hub_cards.push import Plan


def publish(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")],
    repo_id: Annotated[str, typer.Option("--repo-id", help="Dataset of results on the Hub, like ORG/xsb-results.")],
    unsafe_responses: Annotated[
        bool, typer.Option("--unsafe-responses", help="Publish the answers to unsafe prompts, too.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change; needs no token.")] = False,
    private: Annotated[bool, typer.Option("--private", help="Make a new repository private.")] = False,
) -> None:
    """Open a pull request on the Hub with card, report and samples of a run; answers to unsafe prompts are left out.

    The token is that of HF_TOKEN or of `hf auth login`.
    """
    from tempfile import TemporaryDirectory

    from eval.runs.publish import plan_results, publish_results, results
    from hub_cards.hub import Repository, publisher

    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # its notes would hide the line that counts
    by = "" if dry_run else publisher(Repository(repo_id), request_only=True)
    found = results(run, unsafe_responses, by)
    typer.echo(found.title)
    if found.left_out:
        typer.echo(f"{found.left_out} answers to unsafe prompts are left out; --unsafe-responses publishes them")
    if dry_run:
        with TemporaryDirectory() as folder:
            planned = plan_results(found, repo_id, Path(folder), dry_run=True)
        show(planned)
        typer.echo("dry run: nothing was published")
        return
    done = publish_results(found, repo_id, private=private)
    typer.echo(f"{'published' if done.sent else 'nothing to upload;'} {found.folder}, read back: {done.url}")


def show(planned: "Plan") -> None:
    """Which files would change."""
    for word, paths in (("added", planned.added), ("changed", planned.changed)):
        if paths:
            typer.echo(f"files {word}: {', '.join(paths)}")
