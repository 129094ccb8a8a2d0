"""`xsb-eval direction`: fits a model's refusal direction."""

import typer

from eval.commands.options import Dtype, FitDataset, FitLimit, FitSplit, ModelName, load_to_fit


def direction(
    model: ModelName = "skittish",
    dataset: FitDataset = "xsb",
    split: FitSplit = "dev",
    limit: FitLimit = None,
    dtype: Dtype = "auto",
) -> None:
    """Fit the refusal direction that the methods direction and hybrid need, and keep it for this model."""
    from eval.refusal_direction import fit_direction, save_direction

    records, loaded = load_to_fit(dataset, split, limit, model, dtype, "hidden states")
    found = fit_direction(loaded, records, f"{dataset}, {split}")
    typer.echo(
        f"layer {found.layer}: the Focus comes first in {found.hits} of {found.prompts} refused prompts of "
        f"{found.fitted_on}: {save_direction(found, loaded)}"
    )
