"""The command xsb-build: records are checked and released, candidates are made and reviewed until they are records."""

import typer

from builder.commands import candidates, contribute, publish, records, review
from builder.commands.filter import bench, filter_candidates
from eval.errors import run_command

app = typer.Typer(
    name="xsb-build", help="Makes the datasets XSB and MS-XSB.", no_args_is_help=True, pretty_exceptions_enable=False,
    add_completion=False,
)  # fmt: skip

app.command()(records.validate)
app.command()(records.stats)
app.command(name="agreement")(records.show_agreement)
app.command()(records.release)
app.command()(candidates.generate)
app.command()(candidates.annotate)
app.command(name="filter")(filter_candidates)
app.command()(candidates.screen)
app.command()(review.review)
app.command()(review.adjudicate)
app.command()(review.accept)
app.command()(contribute.new_prompt)
app.command()(contribute.new_scenario)
app.command()(contribute.check_changes)
app.command()(publish.publish)
app.command()(publish.check_pr)
app.add_typer(bench, name="bench")


def main() -> None:
    """Entry point."""
    run_command(app)


if __name__ == "__main__":
    main()
