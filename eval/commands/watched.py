"""The file of `xsb-eval watch`: which models are watched, with what options of `xsb-eval run`."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from eval.commands.settings import as_typed, read_mapping
from eval.errors import InputError
from eval.models.protocol import ENDPOINT
from eval.runs.experiment import folder_name

OWN = ("config", "out", "dry_run", "model")  # what a watch says itself
OF_ENDPOINTS, OF_WEIGHTS = ("base_url",), ("dtype", "revision")  # options for all that are not for every model


class Entry(NamedTuple):
    """A model to be watched: its name in the report, the folder of its runs, and the options of its run, as typed."""

    name: str
    folder: str
    options: dict[str, str]


def read_entries(path: Path, known: Collection[str]) -> tuple[Path, list[Entry]]:
    """The folder of all watches, and the models.

    Args:
        path: a YAML file: `models` is a list of names, or of mappings of `model`, options of its own, and a `name` that
            tells it from others; `out` is a folder; all else are options for every model that they make sense for.
        known: the options of `xsb-eval run`.

    Raises:
        InputError: the file cannot be read, has no models or no `out`, or has a model twice.
        UnknownName: there is no such option.
    """
    content = read_mapping(path)
    options = set(known) - set(OWN)
    models = content.pop("models", None)
    if not isinstance(models, list) or not models:
        raise InputError(f"{path} needs a list of `models`, such as [skittish]")
    together = as_typed(path, content, {*options, "out"})
    if "out" not in together:
        raise InputError(f"{path} needs an `out`, the folder of all watches")
    out = Path(together.pop("out"))
    entries = [_entry(path, model, together, options) for model in models]
    folders: dict[str, str] = {}
    for entry in entries:
        if entry.folder in folders:
            two = entry.name if folders[entry.folder] == entry.name else f"{folders[entry.folder]} and {entry.name}"
            raise InputError(f"{path} has {two} in one folder; give one of them another `name`")
        folders[entry.folder] = entry.name
    return out, entries


def _entry(path: Path, model: Any, together: Mapping[str, str], options: Collection[str]) -> Entry:
    own = as_typed(path, model if isinstance(model, Mapping) else {"model": model}, {*options, "model", "name"})
    if not own.get("model"):
        raise InputError(f"{path} has a model without a `model`; name it, such as `model: skittish`")
    if isinstance(model, list) or (isinstance(model, Mapping) and isinstance(model["model"], list)):
        raise InputError(f"{path} has a list within `models`; give each model a line of its own")
    if "," in own["model"] and not Path(own["model"]).exists():
        raise InputError(f"{path} has several models in {own['model']}; give each a line of its own")
    name = own.pop("name", own["model"])
    senseless = OF_WEIGHTS if own["model"].startswith(ENDPOINT) else OF_ENDPOINTS
    shared = {key: value for key, value in together.items() if key not in senseless}
    return Entry(name, folder_name(name), {**shared, **own})
