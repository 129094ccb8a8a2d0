"""`xsb-eval publish`: a run as data on the Hub."""

from pathlib import Path
from typing import Annotated

import typer

from eval.commands.options import HubDryRun, Private


def publish(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")],
    repo_id: Annotated[str, typer.Option("--repo-id", help="Dataset of results on the Hub, like ORG/xsb-results.")],
    unsafe_responses: Annotated[
        bool, typer.Option("--unsafe-responses", help="Publish the answers to unsafe prompts, too.")
    ] = False,
    dry_run: HubDryRun = False,
    private: Private = False,
) -> None:
    """Open a pull request on the Hub with card, report and samples of a run; answers to unsafe prompts are left out.

    The token is that of HF_TOKEN or of `hf auth login`.
    """
    from tempfile import TemporaryDirectory

    from eval.runs.publish import plan_results, publish_results, results
    from hub_cards.hub import Repository, publisher, quiet_client

    quiet_client()
    by = "" if dry_run else publisher(Repository(repo_id), request_only=True)
    found = results(run, unsafe_responses, by)
    typer.echo(found.title)
    if found.left_out:
        typer.echo(f"{found.left_out} answers to unsafe prompts are left out; --unsafe-responses publishes them")
    if dry_run:
        with TemporaryDirectory() as folder:
            planned = plan_results(found, repo_id, Path(folder), dry_run=True)
        for line in planned.differences:
            typer.echo(line)
        typer.echo("dry run: nothing was published")
        return
    done = publish_results(found, repo_id, private=private)
    typer.echo(f"{'published' if done.sent else 'nothing to upload;'} {found.folder}, read back: {done.url}")
