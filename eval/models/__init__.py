"""Models: `load_model(name)` for a Hub id, a folder, `skittish`, or `openai:NAME` behind an endpoint."""

from pathlib import Path

from eval.errors import ModelError
from eval.models.protocol import ENDPOINT, Model, OpenWeights, Reply

__all__ = ["Model", "OpenWeights", "Reply", "load_model"]


def load_model(
    name: str,
    *,
    revision: str | None = None,
    dtype: str = "auto",
    device: str = "auto",
    base_url: str | None = None,
    adapter: Path | None = None,
) -> Model:
    """Load a model.

    Args:
        name: `skittish`, a Hub id, a folder, a .gguf file, or `openai:NAME`.
        revision: of a Hub id; its default branch if absent.
        dtype: `float32`, `bfloat16`, `float16`, or `auto`: bfloat16 where the hardware computes in it, else float32.
        device: a torch device, or `auto`: CUDA if there is one. `meta` reads, and downloads, all but the weights: what
            comes of it tokenises and knows its shapes.
        base_url: of the endpoint, for `openai:NAME`.
        adapter: another adapter for skittish than the one that is shipped.

    Raises:
        ModelError: the model is unknown, cannot be loaded, has no chat template, or is no Hub id and has a revision.
    """
    if revision and (name == "skittish" or name.startswith(ENDPOINT) or Path(name).exists()):
        raise ModelError(f"a revision is of a Hub id, and {name} is none; drop it")
    if name.startswith(ENDPOINT):
        from eval.models.openai import OpenAIModel

        return OpenAIModel(name, base_url)
    from eval.models import skittish
    from eval.models.transformers import TransformersModel

    if name == "skittish":
        adapter = adapter or skittish.ADAPTER
        source = skittish.without_weights(adapter) if device == "meta" else skittish.merged_folder(adapter)
        return TransformersModel(name, str(source), skittish.revision(adapter), dtype, device)
    return TransformersModel(name, name, revision, dtype, device)
