"""`xsb-eval publish`: a run as data on the Hub."""

import logging
from pathlib import Path
from typing import Annotated

import typer


def publish(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")],
    repo_id: Annotated[str, typer.Option("--repo-id", help="Dataset of results on the Hub, like ORG/xsb-results.")],
    unsafe_responses: Annotated[
        bool, typer.Option("--unsafe-responses", help="Publish the answers to unsafe prompts, too.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change; needs no token.")] = False,
    private: Annotated[bool, typer.Option("--private", help="Make a new repository private.")] = False,
) -> None:
    """Open a pull request on the Hub with report and samples of a run; answers to unsafe prompts are left out.

    The token is that of HF_TOKEN or of `hf auth login`.
    """
    from tempfile import TemporaryDirectory

    from eval.runs.publish import plan_results, publish_results, results

    found = results(run, unsafe_responses)
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # its notes would hide the line that counts
    typer.echo(found.title)
    if found.left_out:
        typer.echo(f"{found.left_out} answers to unsafe prompts are left out; --unsafe-responses publishes them")
    if dry_run:
        with TemporaryDirectory() as folder:
            planned = plan_results(found, repo_id, Path(folder), dry_run=True)
        for word, paths in (("added", planned.added), ("changed", planned.changed)):
            if paths:
                typer.echo(f"files {word}: {', '.join(paths)}")
        typer.echo("dry run: nothing was published")
        return
    done = publish_results(found, repo_id, private=private)
    typer.echo(f"{'published' if done.sent else 'nothing to upload;'} {found.folder}, read back: {done.url}")
