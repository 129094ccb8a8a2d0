"""The command xsb-build: records are checked and released, candidates are made and reviewed until they are records."""

import typer

from builder.commands import records
from eval.errors import run_command

app = typer.Typer(
    name="xsb-build", help="Makes the datasets XSB and MS-XSB.", no_args_is_help=True, pretty_exceptions_enable=False,
    add_completion=False,
)  # fmt: skip

app.command()(records.validate)
app.command()(records.stats)
app.command(name="agreement")(records.show_agreement)
app.command()(records.release)


def main() -> None:
    """Entry point."""
    run_command(app)


if __name__ == "__main__":
    main()
