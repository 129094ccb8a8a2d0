"""Tables on the terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table


def make_table(title: str, left: Sequence[str], right: Sequence[str]) -> Table:
    """An empty table with columns of text on the left and of numbers on the right."""
    table = Table(*left, title=title)
    for name in right:
        table.add_column(name, justify="right")
    return table


def print_table(table: Table) -> None:
    """Print the table whole: what is no terminal has no width to keep to."""
    console = Console()
    Console(width=None if console.is_terminal else 220).print(table)
