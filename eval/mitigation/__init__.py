"""Mitigations: changes at inference time. Add one by writing one file and naming it in `MITIGATIONS`."""

from eval.errors import UnknownName
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
    "remove_direction": Mitigation(around=remove_direction),
    "system_prompt": Mitigation(prepare=system_prompt),
}

__all__ = ["MITIGATIONS", "NONE", "NOTHING", "Attempt", "Mitigation", "Request", "attempts", "named"]


def named(name: str) -> list[Mitigation]:
    """The mitigations that a name joins with a plus, in this order; `none` has none.

    Raises:
        UnknownName: a part is no mitigation's name.
    """
    if name == NONE:
        return []
    parts = name.split("+")
    for part in parts:
        if part not in MITIGATIONS:
            raise UnknownName("mitigation", part, MITIGATIONS)
    return [MITIGATIONS[part] for part in parts]
