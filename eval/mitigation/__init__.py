"""Mitigations: changes at inference time. Add one by writing one file and naming it in `MITIGATIONS`."""

from eval.errors import InputError, UnknownName
from eval.mitigation.attempt import NOTHING, Attempt, Mitigation, Request, attempts
from eval.mitigation.ignore_word import ignore_word
from eval.mitigation.remove_direction import remove_direction
from eval.mitigation.rephrase import rephrase
from eval.mitigation.steer import steer
from eval.mitigation.system_prompt import system_prompt

NONE = "none"  # the model as it is, the baseline of every comparison
MITIGATIONS: dict[str, Mitigation] = {
    "ignore_word": Mitigation(prepare=ignore_word),
    "rephrase": Mitigation(prepare=rephrase),
    "steer": Mitigation(around=steer),
    "remove_direction": Mitigation(needs_trigger=False, around=remove_direction),
    "system_prompt": Mitigation(needs_trigger=False, prepare=system_prompt),
}

__all__ = ["MITIGATIONS", "NONE", "NOTHING", "Attempt", "Mitigation", "Request", "attempts", "named", "needs_trigger"]


def named(name: str) -> list[Mitigation]:
    """The mitigations that a name joins with a plus, in this order; `none` has none.

    Raises:
        UnknownName: a part is no mitigation's name.
        InputError: a part is named twice.
    """
    if name == NONE:
        return []
    parts = name.split("+")
    for part in parts:
        if part not in MITIGATIONS:
            raise UnknownName("mitigation", part, MITIGATIONS)
    if len(set(parts)) < len(parts):
        raise InputError(f"mitigation {name!r} names a part twice; name each once")
    return [MITIGATIONS[part] for part in parts]


def needs_trigger(name: str) -> bool:
    """Whether some part of it has nothing to change without a trigger."""
    return any(mitigation.needs_trigger for mitigation in named(name))
