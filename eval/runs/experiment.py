"""Several models or datasets: a run for each, in a folder of its own."""

import re
from collections.abc import Sequence
from pathlib import Path

from eval.errors import InputError
from eval.models.protocol import ENDPOINT
from eval.runs.options import check_sampling


def folders(out: Path, models: Sequence[str], datasets: Sequence[str]) -> dict[tuple[str, str], Path]:
    """The folder of each model's run on each dataset: below `out`, named by that of which there are several.

    Raises:
        InputError: there is no model or no dataset, or two would share a folder.
    """
    if not models or not datasets:
        raise InputError(f"there is no {'model' if not models else 'dataset'} to run; name one")
    found = {}
    for model in models:
        for dataset in datasets:
            parts = ((models, model), (datasets, dataset))
            found[model, dataset] = out.joinpath(*(folder_name(name) for names, name in parts if len(names) > 1))
    if len(set(found.values())) < len(found):
        raise InputError(f"some of {', '.join((*models, *datasets))} would share a folder below {out}; run them apart")
    return found


def check_arguments(
    models: Sequence[str], base_url: str | None, dtype: str, temperature: float, samples: int,
    mitigations: Sequence[str] = (),
) -> None:  # fmt: skip
    """Raise `InputError` for arguments that contradict one another."""
    check_sampling(temperature, samples)
    endpoints = [name for name in models if name.startswith(ENDPOINT)]
    rephrasers = [part for name in mitigations for part in name.split("+") if part.startswith(f"rephrase:{ENDPOINT}")]
    if base_url and not endpoints and not rephrasers:
        raise InputError(f"--base-url is the endpoint of a model openai:NAME, and {', '.join(models)} is none; drop it")
    if dtype != "auto" and len(endpoints) == len(models):
        raise InputError(f"--dtype {dtype} is for models that are loaded here, and endpoints choose their own; drop it")


def folder_name(name: str) -> str:
    """A model's or dataset's name as that of a folder here."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "model"


def hub_folder_name(name: str) -> str:
    """The same on the Hub, where two hyphens stand for a slash; folders that are there keep their names."""
    return re.sub(r"[^\w.-]+", "--", name).strip(".-") or "none"
