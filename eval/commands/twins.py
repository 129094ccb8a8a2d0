"""`xsb-eval twins`: safe records beside their neutral twins."""

from pathlib import Path
from typing import Annotated

import typer

from eval.commands.options import BaseUrl, Dtype, ModelName, check_file, load_both, name_list


def twins(
    out: Annotated[Path, typer.Option(help="JSON file to write.")],
    dataset: Annotated[str, typer.Option(help="Comma-separated datasets, each as for run.")] = "xsb,ms_xsb",
    split: Annotated[str, typer.Option(help="Comma-separated splits.")] = "test,dev",
    model: ModelName = "skittish",
    base_url: BaseUrl = None,
    dtype: Dtype = "auto",
) -> None:
    """Answer each safe record and its neutral twin, and write who was refused."""
    from eval.twins import measure_twins, twins_json

    check_file(out)
    records, loaded = load_both(name_list(dataset), name_list(split), model, dtype, base_url)
    found = measure_twins(loaded, records)
    out.write_text(twins_json(found), encoding="utf-8")
    refused = [row for row in found.rows if row.refused]
    freed = sum(not row.twin_refused for row in refused)
    typer.echo(f"{len(refused)} of {len(found.rows)} safe records refused, {freed} of them answered as twins: {out}")
