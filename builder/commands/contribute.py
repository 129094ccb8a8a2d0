"""Commands for people who contribute: skeletons of new records, and a check of what they changed."""

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from builder.commands.records import Folder
from builder.commands.refusing import counted, refuse
from builder.shipped import RECORDS

Kind = Annotated[str, typer.Option("--type", help="One of the twelve types, like homonyms.")]


def new_prompt(kind: Kind, records_folder: Folder = RECORDS) -> None:
    """Write a skeleton of two prompts, a safe one and its unsafe contrast, to be filled in."""
    from builder.contribute import skeletons

    _tell(skeletons.new_prompt(kind, records_folder), records_folder)


def new_scenario(
    slug: Annotated[str, typer.Argument(help="Short name of the scenario, like night-bakery.")],
    kind: Kind,
    topic: Annotated[str, typer.Option(help="Its setting, like everyday.", show_default="to be filled in")] = "",
    records_folder: Folder = RECORDS,
) -> None:
    """Write a skeleton of a dialogue with six endings, to be filled in."""
    from builder.contribute import skeletons

    _tell(skeletons.new_scenario(slug, kind, topic, records_folder), records_folder)


def check_changes(
    base: Annotated[str, typer.Option(help="Branch, tag or commit that the change is to be merged into, like main.")],
    records_folder: Folder = RECORDS,
    github: Annotated[
        bool, typer.Option("--github", help="Print annotations for GitHub, too; in its actions always.")
    ] = False,
) -> None:
    """Check what was changed since the branch began: everything that is wrong with it, at once."""
    from builder.contribute import changes

    count, problems = changes.check_changes(records_folder, base)
    annotated = github or os.environ.get("GITHUB_ACTIONS") == "true"
    if problems:
        refuse(problems, map(changes.annotation, problems) if annotated else ())
    print(f"{counted(count, 'record')} changed, no problems")


def _tell(file: Path, folder: Path) -> None:
    """Say what was written and what to type next, as it can be typed here."""
    command = "xsb-build" if shutil.which("xsb-build") else sys.argv[0]
    own = folder != RECORDS
    print(_seen(file))
    print('Write a text wherever "" stands in it. Then type:')
    print(f"    {command} validate{f' {_seen(folder)}' if own else ''}")
    print(f"    {command} check-changes --base main{f' --records {_seen(folder)}' if own else ''}")


def _seen(path: Path) -> str:
    """The path from here, where it lies below."""
    here = Path.cwd()
    return str(path.resolve().relative_to(here) if path.resolve().is_relative_to(here) else path)
