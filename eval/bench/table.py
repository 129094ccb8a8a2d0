"""The speed bench's rows as a Markdown table, with what its JSON has no field for."""

from collections.abc import Callable

from rich.box import MARKDOWN
from rich.table import Table

from eval.bench.speed import Row, Speed

WIDTH = 130  # of the table: a narrower terminal breaks its lines, and the file that it is sent to has none
COLUMNS: dict[str, Callable[[Row], object]] = {
    "work": lambda row: row.work,
    "peer": lambda row: row.peer,
    "words": lambda row: row.prompt_words,
    "evals": lambda row: row.evaluations,
    "tokens": lambda row: row.tokens,
    "ours s": lambda row: f"{row.ours_s:.3f}",
    "peer s": lambda row: row.peer_s,
    "ratio": lambda row: row.ratio,
    "GFLOP/s": lambda row: f"{row.ours_gflops:.0f}",
    "MB": lambda row: row.peak_mb,
    "peer MB": lambda row: row.peer_mb,
}


def speed_table(speed: Speed) -> Table:
    """One line per row, those beside a peer first; `share` is that of the rate of matrix products."""
    table = Table(
        *COLUMNS,
        "share",
        box=MARKDOWN,
        title=(
            f"{speed.device}, {speed.dtype}, {speed.threads} threads, matrix products "
            f"{speed.matmul_gflops:.0f} GFLOP/s, scores within {speed.difference:.0e} nats of the slow reference"
        ),
    )
    for row in sorted([*speed.rows, *speed.one_pass], key=lambda row: row.peer is None):
        cells = ["" if (cell := of(row)) is None else str(cell) for of in COLUMNS.values()]
        table.add_row(*cells, f"{row.ours_gflops / speed.matmul_gflops:.0%}")
    return table
