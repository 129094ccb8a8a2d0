"""`xsb-eval direction`: fits a model's refusal direction."""

from typing import Annotated

import typer

from eval.commands.options import Dtype, ModelName, load_both, name_list
from eval.errors import ModelError
from eval.models.protocol import OpenWeights

FitDataset = Annotated[str, typer.Option(help="Comma-separated datasets, each as for run.")]
FitSplit = Annotated[str, typer.Option(help="Split to fit on; report on another.")]
FitLimit = Annotated[int | None, typer.Option(min=1, help="Records, types and labels taking turns.")]


def direction(
    model: ModelName = "skittish",
    dataset: FitDataset = "xsb",
    split: FitSplit = "dev",
    limit: FitLimit = None,
    dtype: Dtype = "auto",
) -> None:
    """Fit the refusal direction that the methods direction and hybrid need, and keep it for this model."""
    from eval.load import stratified
    from eval.refusal_direction import fit, save

    records, loaded = load_both(name_list(dataset), [split], model, dtype, None)
    if not isinstance(loaded, OpenWeights):
        raise ModelError(f"{model} gives no hidden states; fit a local model")
    found = fit(loaded, stratified(records, limit), f"{dataset}, {split}")
    typer.echo(
        f"layer {found.layer}: the Focus comes first in {found.hits} of {found.prompts} refused prompts of "
        f"{found.fitted_on}: {save(found, loaded)}"
    )
