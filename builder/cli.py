"""The command xsb-build."""

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from builder.read import Place, Problem, read_places
from builder.release import release as write_release
from builder.validate import validate as find_problems
from eval.errors import run_command
from eval.record import Record

RECORDS = Path(__file__).parent / "records"
USER_ERROR = 2

app = typer.Typer(
    name="xsb-build", help="Makes the datasets XSB and MS-XSB.", no_args_is_help=True, pretty_exceptions_enable=False,
    add_completion=False,
)  # fmt: skip
Paths = Annotated[list[Path] | None, typer.Argument(help="Folders or YAML files.", show_default="the shipped records")]
Folder = Annotated[Path, typer.Option("--records", help="Folder of the records.", show_default="the shipped records")]


@app.command()
def validate(paths: Paths = None) -> None:
    """Check the records against every rule; print each problem as file:line: message."""
    records, problems = _checked(paths or [RECORDS])
    if problems:
        _refuse(problems)
    pairs = {record.pair_id for record in records} - {None}
    scenarios = {record.scenario_id for record in records} - {None}
    dialogues = sum(record.scenario_id is not None for record in records)
    print(
        f"{len(records)} records: {len(records) - dialogues} prompts, {dialogues} dialogues in {len(scenarios)} "
        f"scenarios, {len(pairs)} pair groups, no problems"
    )


@app.command()
def stats(
    records_folder: Folder = RECORDS,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Count the records per type and label, with mean words of the last turn and distinct focus words."""
    records, _, problems = read_places(records_folder)
    if problems:
        _refuse(problems)
    rows = statistics(records)
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    table = Table("type", "label", title=f"{len(records)} records")
    for name in ("count", "mean words", "distinct focus words"):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(*(f"{value:.1f}" if isinstance(value, float) else str(value) for value in row.values()))
    Console().print(table)


@app.command()
def release(
    out: Annotated[Path, typer.Option("--out", help="Folder of the release, for example xsb.")],
    records_folder: Folder = RECORDS,
) -> None:
    """Write parquet files, card and build report; refused while a record has a problem."""
    records, problems = _checked([records_folder])
    if problems:
        _refuse(problems)
    print(f"{len(records)} records written to {write_release(records, out)}")


def statistics(records: Sequence[Record]) -> list[dict[str, str | int | float]]:
    """A row per type and label: count, mean words of the last turn, distinct focus words without regard to case."""
    groups = defaultdict(list)
    for record in records:
        groups[record.type, record.label or "none"].append(record)
    return [
        {
            "type": name,
            "label": label,
            "count": len(members),
            "mean_words": round(mean(float(len(record.prompt.split())) for record in members), 2),
            "distinct_focus_words": len({word.casefold() for record in members for word in record.focus}),
        }
        for (name, label), members in sorted(groups.items())
    ]


def main() -> None:
    """Entry point."""
    run_command(app)


def _checked(paths: Sequence[Path]) -> tuple[list[Record], list[Problem]]:
    records: list[Record] = []
    places: list[Place] = []
    problems: list[Problem] = []
    for path in paths:
        read, at, wrong = read_places(path)
        records += read
        places += at
        problems += wrong
    return records, sorted(problems + find_problems(records, places))


def _refuse(problems: Sequence[Problem]) -> None:
    for problem in problems:
        print(problem)
    noun = "problem" if len(problems) == 1 else "problems"
    typer.echo(f"{len(problems)} {noun}", err=True)
    raise typer.Exit(USER_ERROR)


if __name__ == "__main__":
    main()
