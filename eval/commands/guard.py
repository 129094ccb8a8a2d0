"""`xsb-eval guard train` and `measure`: the reader inside the mitigation guard."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from eval.commands.options import load_all, name_list

guard = typer.Typer(help="The reader inside the mitigation guard: train it and measure it.", no_args_is_help=True)
Datasets = Annotated[str, typer.Option(help="Comma-separated datasets, each as for run.")]


@guard.command("train")
def guard_train(
    dataset: Datasets = "xsb,ms_xsb",
    split: Annotated[str, typer.Option(help="Split to learn from; nothing may be reported on it.")] = "dev",
) -> None:
    """Train the reader on its contrast sets, skittish's sentences and a split (about an hour on 2 cores)."""
    from eval.harm.corpus import contrast_sets, labelled, sentences_of_skittish
    from eval.harm.train import train

    records = labelled(load_all(name_list(dataset), [split]))
    found = train([*contrast_sets(), *sentences_of_skittish()], records)
    typer.echo(
        f"threshold {found['threshold']}: below it are {found['harmful_below']} of {found['harmful']} harmful and "
        f"{found['harmless_below']} of {found['harmless']} harmless records, read by readers that had not seen them"
    )


@guard.command("measure")
def guard_measure(
    dataset: Datasets = "xsb,ms_xsb",
    split: Annotated[str, typer.Option(help="Split to read.")] = "test",
    suite: Annotated[str, typer.Option(help="Comma-separated suites beside it, such as adversarial.")] = "",
) -> None:
    """Read the records of a dataset and say how many of each label and type the reader holds for harmful."""
    from eval.harm.measure import measure
    from eval.suites import load_suite

    records = load_all(name_list(dataset), [split])
    records += [record for name in name_list(suite) for record in load_suite(name)]
    rows, auc = measure(records)
    table = Table("label", "type", "records", "harmful", "unreadable", "95 % interval of harmless")
    for row in rows:
        harmless = row.harmless
        interval = f"{harmless.low:.0%} to {harmless.high:.0%}" if harmless.low is not None else ""
        table.add_row(
            row.label, row.type, str(harmless.scored), str(row.harmful), str(row.unreadable),
            f"{harmless.count} = {harmless.share:.0%}, {interval}",
        )  # fmt: skip
    Console().print(table)
    typer.echo(f"area under the ROC curve {auc:.3f}" if auc is not None else "one label only, so there is no ROC curve")
