"""What visitors may choose from: methods that fit the model, and strengths of steering."""

from eval.attribution import fitting
from eval.mitigation.steer import ALPHA
from eval.models.protocol import ENDPOINT
from space_app.settings import Settings

MITIGATIONS = ("ignore_word", "rephrase", "steer")
DIVISORS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)  # attention to the trigger is divided by one of them
SKITTISH = "skittish"  # a direction is shipped for it alone
DEFAULT_DIVISOR = round(1 / ALPHA)


def is_open(model: str) -> bool:
    """Whether a model of the settings has open weights; it is not loaded for this."""
    return not model.startswith(ENDPOINT)


def free(settings: Settings, model: str) -> bool:
    """Whether mitigations run on it without the guard: on the toy model alone."""
    return any(choice.is_organism for choice in settings.models if choice.name == model)


def methods(model: str) -> list[str]:
    """The attribution methods that fit the model, the one to begin with first."""
    first = default_method(model)
    return [first, *(name for name in fitting(weights=is_open(model)) if name != first)]


def default_method(model: str) -> str:
    """As good as the exact one where a refusal direction is known; else the fast one, or that with few calls."""
    if not is_open(model):
        return "black_box"
    return "hybrid" if model == SKITTISH else "ablation"


def mitigations(model: str) -> list[str]:
    """The mitigations that are shown; steering needs open weights."""
    return [name for name in MITIGATIONS if is_open(model) or name != "steer"]
