"""Mitigations: changes at inference time. Add one by writing one file and naming it in `MITIGATIONS`.

A name may have a parameter behind a colon (`steer:0.1`, `rephrase:neutral`), and a plus joins several, of which `guard`
comes first (`guard+ignore_word+steer`).
"""

from collections.abc import Iterable

from eval.errors import InputError, ModelError, UnknownName
from eval.mitigation.attempt import NOTHING, Attempt, Decoding, Mitigation, Request, attempts
from eval.mitigation.guard import guard
from eval.mitigation.ignore_word import ignore_word
from eval.mitigation.parameters import PARAMETERS
from eval.mitigation.remove_direction import remove_direction
from eval.mitigation.rephrase import rephrase
from eval.mitigation.steer import steer
from eval.mitigation.system_prompt import system_prompt
from eval.models.protocol import Model, OpenWeights

NONE = "none"  # the model as it is, the baseline of every comparison
GUARD = "guard"
MITIGATIONS: dict[str, Mitigation] = {
    "ignore_word": Mitigation(prepare=ignore_word),
    "rephrase": Mitigation(prepare=rephrase),
    "steer": Mitigation(needs_weights=True, around=steer),
    GUARD: Mitigation(prepare=guard),
    "remove_direction": Mitigation(needs_trigger=False, needs_weights=True, around=remove_direction),
    "system_prompt": Mitigation(needs_trigger=False, prepare=system_prompt),
}

__all__ = [
    "GUARD",
    "MITIGATIONS",
    "NONE",
    "NOTHING",
    "Attempt",
    "Decoding",
    "Mitigation",
    "Request",
    "attempts",
    "check_weights",
    "named",
    "needs_trigger",
]


def named(name: str) -> list[Mitigation]:
    """The mitigations that a name joins with a plus, in this order; `none` has none.

    Raises:
        UnknownName: a part is no mitigation's name.
        InputError: a part is named twice, guard is not the first of several, or a parameter is none.
    """
    if name == NONE:
        return []
    parts = name.split("+")
    names = [part.partition(":")[0] for part in parts]
    for part in names:
        if part not in MITIGATIONS:
            raise UnknownName("mitigation", part, MITIGATIONS)
    if len(set(names)) < len(names):
        raise InputError(f"mitigation {name!r} names a part twice; name each once")
    if GUARD in names and (names[0] != GUARD or len(names) == 1):
        raise InputError(f"mitigation {name!r}: guard comes first, and something to guard after it, as in guard+steer")
    return [_part(part) for part in parts]


def needs_trigger(name: str) -> bool:
    """Whether some part of it has nothing to change without a trigger."""
    return any(mitigation.needs_trigger for mitigation in named(name))


def check_weights(model: Model, names: Iterable[str]) -> None:
    """Raise `ModelError` if one of the mitigations needs open weights, and the model gives none."""
    for name in names:
        if not isinstance(model, OpenWeights) and any(mitigation.needs_weights for mitigation in named(name)):
            fit = ", ".join(other for other, one in MITIGATIONS.items() if not one.needs_weights and other != GUARD)
            raise ModelError(
                f"mitigation {name} needs open weights, which {model.name} does not give; those that work: {fit}, each "
                "also behind guard"
            )


def _part(part: str) -> Mitigation:
    name, colon, parameter = part.partition(":")
    if not colon:
        return MITIGATIONS[name]
    if name not in PARAMETERS:
        raise InputError(f"mitigation {part!r}: {name} takes no parameter; those that do: {', '.join(PARAMETERS)}")
    return PARAMETERS[name](parameter)
