"""Commands on many candidates: sort out those that cannot become records; measure how fast that goes."""

from pathlib import Path
from typing import Annotated

import typer

from builder.against import read_prompts
from builder.commands.files import ANNOTATED, KEPT
from builder.commands.records import Folder, read_records
from builder.commands.tables import make_table, print_table
from builder.shipped import RECORDS
from eval.errors import InputError

bench = typer.Typer(help="Speed and memory of the steps.", no_args_is_help=True)


def filter_candidates(
    file: Annotated[Path, typer.Argument(metavar="IN", help="Candidates, JSON Lines.")] = ANNOTATED,
    out: Annotated[Path, typer.Option("--out", help="File for the candidates that are kept.")] = KEPT,
    rejects: Annotated[
        Path | None, typer.Option(help="File for the others.", show_default="OUT with .rejects.jsonl")
    ] = None,
    against: Annotated[
        list[Path] | None, typer.Option(help="CSV or JSONL file whose prompts must not recur; may be repeated.")
    ] = None,
    language: Annotated[str, typer.Option(help="Two-letter code of the language that is wanted.")] = "en",
    records_folder: Folder = RECORDS,
) -> None:
    """Drop candidates that cannot become records, each with its reason; both files are replaced."""
    known = [(record.id, record.prompt) for record in read_records(records_folder)]
    known += [(f"{other}, line {line}", text) for other in against or [] for line, text in read_prompts(other)]
    from builder.filters import Settings
    from builder.filters.copies import KnownTexts
    from builder.filters.run import run

    rejects = rejects or out.with_name(f"{out.name.removesuffix('.jsonl')}.rejects.jsonl")
    counts = run(file, out, rejects, Settings(language, KnownTexts(known)))
    total = counts.kept + sum(counts.dropped.values())
    table = make_table(f"{total} candidates", ["filter"], ["dropped"])
    for name, dropped in counts.dropped.items():
        table.add_row(name, str(dropped))
    print_table(table)
    print(f"{counts.kept} of {total} kept: {out}; the others, with reasons: {rejects}")


@bench.command("filter")
def bench_filter(
    sizes: Annotated[str, typer.Option(help="Numbers of candidates.")] = "10000,100000,1000000",
    repeats: Annotated[int, typer.Option(min=1, help="Runs of each size; the median counts.")] = 3,
) -> None:
    """Time the filters on synthetic candidates, a twentieth each broken in six ways, and measure their memory."""
    from builder.bench.filter import measure
    from builder.bench.synthetic import MOST

    numbers = [int(size) for size in sizes.split(",") if size.strip().isdigit()]
    if not numbers or len(numbers) < len(sizes.split(",")) or not all(0 < number <= MOST for number in numbers):
        raise InputError(f"--sizes is {sizes!r}; write numbers from 1 to {MOST}, separated by commas, like 1000,10000")
    rows = measure(numbers, repeats)
    columns = ["candidates", "seconds", "per second", "CPU seconds", "CPU each", "peak MiB", "kept"]
    table = make_table(f"filter, median of {repeats}", ["dropped by each filter"], columns)
    each = [row.cpu_seconds / row.candidates for row in rows]
    for row, cost in zip(rows, each, strict=True):
        dropped = ", ".join(f"{name} {count}" for name, count in row.dropped.items())
        speed, relative = f"{row.candidates / row.seconds:.0f}", f"{cost / each[0]:.2f} x"
        figures = (f"{row.seconds:.1f}", speed, f"{row.cpu_seconds:.1f}", relative, f"{row.peak_mib:.0f}")
        table.add_row(dropped, str(row.candidates), *figures, str(row.kept))
    print_table(table)
