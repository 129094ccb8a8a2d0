"""The one model in memory, loaded on first use, one visitor at a time."""

from collections.abc import Sequence
from functools import cache
from threading import Lock

from eval.diagnose import Diagnosis, diagnose
from eval.models import Model, load_model

NEW_TOKENS = 64
_turn = Lock()


@cache
def _model() -> Model:
    return load_model("skittish")


def explain(prompt: str, mitigations: Sequence[str]) -> Diagnosis:
    """Diagnose one prompt with ablation and the mitigations."""
    with _turn:  # steering changes the model while it answers
        return diagnose(_model(), prompt, mitigations=mitigations, max_new_tokens=NEW_TOKENS)
