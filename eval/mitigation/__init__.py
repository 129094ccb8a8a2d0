"""Mitigations: changes at inference time. Add one by writing one file and naming it in `MITIGATIONS`."""

from eval.mitigation.attempt import Attempt, Mitigation, attempts
from eval.mitigation.ignore_word import ignore_word
from eval.mitigation.none import none
from eval.mitigation.rephrase import rephrase
from eval.mitigation.steer import steer

MITIGATIONS: dict[str, Mitigation] = {"ignore_word": ignore_word, "rephrase": rephrase, "steer": steer}

__all__ = ["MITIGATIONS", "Attempt", "Mitigation", "attempts", "none"]
