"""The speed bench's rows as a table for a terminal, with what its JSON has no field for."""

from rich.table import Table

from eval.bench.speed import Row, Speed


def speed_table(speed: Speed) -> Table:
    """One line per row; memory is ours / the peer's."""
    title = (
        f"{speed.device}, {speed.dtype}, {speed.threads} threads, matrix products {speed.matmul_gflops:.0f} GFLOP/s, "
        f"scores within {speed.difference:.0e} nats of the slow reference"
    )
    table = Table("work", title=title, title_style="", title_justify="left")
    for name in ("peer", "words", "evaluations", "ours s", "peer s", "ratio", "GFLOP/s", "of products", "peak MB"):
        table.add_column(name, justify="left" if name == "peer" else "right")
    for row in sorted([*speed.rows, *speed.one_pass], key=lambda row: row.peer is None):
        table.add_row(*_cells(row, speed.matmul_gflops))
    return table


def _cells(row: Row, matmul_gflops: float) -> list[str]:
    cells = [row.work, row.peer or "", str(row.prompt_words), str(row.evaluations), f"{row.ours_s:.3f}"]
    cells += ["", ""] if row.peer_s is None or row.ratio is None else [f"{row.peer_s:.2f}", f"{row.ratio:.1f} x"]
    cells += [f"{row.ours_gflops:.0f}", f"{row.ours_gflops / matmul_gflops:.0%}"]
    return [*cells, " / ".join(str(peak) for peak in (row.peak_mb, row.peer_mb) if peak)]
