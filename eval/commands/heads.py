"""`xsb-eval head`: chooses the attention heads that are worth steering."""

import typer

from eval.commands.options import Dtype, FitDataset, FitLimit, FitSplit, ModelName, load_to_fit


def head(
    model: ModelName = "skittish",
    dataset: FitDataset = "xsb,ms_xsb",
    split: FitSplit = "dev",
    limit: FitLimit = None,
    dtype: Dtype = "auto",
) -> None:
    """Choose the heads that the mitigation steer:STRENGTH@heads steers, and keep them for this model."""
    from eval.mitigation.heads import fit_heads, save_heads

    records, loaded = load_to_fit(dataset, split, limit, model, dtype, "attention")
    found = fit_heads(loaded, records, f"{dataset}, {split}")
    typer.echo(
        f"{len(found.heads)} heads free {found.freed} of {found.safe} refused safe prompts of {found.fitted_on} and "
        f"{found.freed_unsafe} of {found.unsafe} unsafe ones; all heads {found.freed_all} and "
        f"{found.freed_all_unsafe}: {save_heads(found, loaded)}"
    )
