"""`xsb-eval head`: chooses the attention heads that are worth steering."""

import typer

from eval.commands.direction import FitDataset, FitLimit, FitSplit
from eval.commands.options import Dtype, ModelName, load_both, name_list
from eval.errors import ModelError
from eval.models.protocol import OpenWeights


def head(
    model: ModelName = "skittish",
    dataset: FitDataset = "xsb,ms_xsb",
    split: FitSplit = "dev",
    limit: FitLimit = None,
    dtype: Dtype = "auto",
) -> None:
    """Choose the heads that the mitigation steer:STRENGTH@heads steers, and keep them for this model."""
    from eval.load import stratified
    from eval.mitigation.heads import profile, save_heads

    records, loaded = load_both(name_list(dataset), [split], model, dtype, None)
    if not isinstance(loaded, OpenWeights):
        raise ModelError(f"{model} gives no attention; choose a local model")
    found = profile(loaded, stratified(records, limit), f"{dataset}, {split}")
    typer.echo(
        f"{len(found.heads)} heads free {found.freed} of {found.safe} refused safe prompts of {found.fitted_on} and "
        f"{found.freed_unsafe} of {found.unsafe} unsafe ones; all heads {found.freed_all} and "
        f"{found.freed_all_unsafe}: {save_heads(found, loaded)}"
    )
