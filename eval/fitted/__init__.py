"""What was fitted for a model and its revision: shipped here for skittish, kept in the cache for others.

One folder per kind: `directions` (`eval.refusal_direction`) and `heads` (`eval.mitigation.heads`).
"""

from pathlib import Path

from eval.errors import ModelError
from eval.models.protocol import OpenWeights
from eval.models.skittish import cache_root
from eval.runs.sample import replace_file

SHIPPED = Path(__file__).parent


def read_fitted(kind: str, model: OpenWeights, what: str) -> bytes:
    """The JSON that was kept for this revision of the model; `what` names the thing and the command that makes it.

    Raises:
        ModelError: there is none yet.
    """
    for folder in (SHIPPED, cache_root()):
        path = folder / kind / _file_name(model)
        if path.exists():
            return path.read_bytes()
    raise ModelError(
        f"no {what} known for {model.name} at revision {model.facts['revision']}; "
        f"fit: xsb-eval {kind.removesuffix('s')} --model {model.name}"
    )


def keep_fitted(kind: str, model: OpenWeights, text: str, folder: Path | None = None) -> Path:
    """Write JSON where `read_fitted` looks for it, or below another folder; its path."""
    path = (folder or cache_root()) / kind / _file_name(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, text + "\n")
    return path


def _file_name(model: OpenWeights) -> str:
    return f"{model.name.strip('/').replace('/', '--')}-{model.facts['revision'][:12]}.json"
