"""Commands that reach for the Hub: publish a release, check a pull request there."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.commands.records import Folder
from builder.commands.refusing import counted, end, refuse
from builder.commands.tables import make_table, print_table
from builder.shipped import RECORDS

if TYPE_CHECKING:
    from builder.release.publish import Preview

DIFF = 40  # lines of the card's difference that are shown
RepoId = Annotated[str, typer.Option("--repo-id", help="The dataset on the Hub, like ORG/xsb.")]


def publish(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a release.")],
    repo_id: RepoId,
    create_pr: Annotated[bool, typer.Option("--create-pr", help="Open a pull request there instead.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change; needs no token.")] = False,
    private: Annotated[bool, typer.Option("--private", help="Make a new repository private.")] = False,
) -> None:
    """Publish a release on the Hub: one commit and a tag for the version, read back and compared.

    The token is that of HF_TOKEN or of `hf auth login`.
    """
    from builder.release.check import read_release
    from builder.release.publish import preview, publish_release
    from hub_cards.hub import quiet_client
    from hub_cards.plan import check_size

    quiet_client()
    if folder.is_dir():
        check_size(path for path in folder.rglob("*") if path.is_file())
    release = read_release(folder)
    if release.problems:
        refuse(release.problems, ending=f" with the release in {folder}; nothing was published")
    found = preview(release, repo_id, create_pr=create_pr, dry_run=dry_run)
    _show(found)
    if dry_run:
        print("dry run: nothing was published")
        return
    done = publish_release(release, found.plan, private=private)
    what = "published" if done.sent else "nothing to upload;"
    print(f"{what} version {release.version} as {done.revision}, read back and compared: {done.url}")


def check_pr(
    number: Annotated[int, typer.Argument(metavar="N", min=1, help="Number of the pull request.")],
    repo_id: RepoId,
    records_folder: Folder = RECORDS,
) -> None:
    """Check a pull request on the Hub as check-changes does, and say all that is wrong in one comment there.

    The comment is edited when the check runs again. The token is that of HF_TOKEN or of `hf auth login`.
    """
    from builder.contribute.pull_request import check_request, comment_on
    from hub_cards.hub import Repository, quiet_client

    quiet_client()
    repository = Repository(repo_id)
    request, checked = check_request(repository, number, records_folder)
    for problem in checked.problems:
        print(problem)
    done = comment_on(repository, number, request, checked)
    if checked.problems:
        end(len(checked.problems), f"; {done}")
    print(f"{counted(checked.changed, 'record')} changed, no problems; {done}")


def _show(found: "Preview") -> None:
    """What would change: rows by type, files, the card."""
    plan = found.plan
    print(plan.heading)
    if found.changes:
        table = make_table("rows", ("config", "type"), ("added", "changed", "removed"))
        for change in found.changes:
            table.add_row(*map(str, change))
        print_table(table)
    for line in plan.differences:
        print(line)
    if len(plan.added) + len(plan.changed) < len(plan.files):
        print(f"files unchanged: {len(plan.files) - len(plan.added) - len(plan.changed)}")
    if found.card and "README.md" in plan.changed:
        print("\n".join(["card:", *found.card[:DIFF]]))
        if len(found.card) > DIFF:
            print(f"... and {len(found.card) - DIFF} more lines")
