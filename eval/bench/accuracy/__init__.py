"""How right attribution is: every method against known triggers, and how faithful to the model."""

from collections.abc import Sequence

from eval.bench.accuracy.cases import KINDS, AccuracyCase, cases
from eval.bench.accuracy.measure import ranking
from eval.bench.accuracy.result import Plan
from eval.models.protocol import OpenWeights
from eval.progress import track

__all__ = ["KINDS", "AccuracyCase", "cases", "hit_at_1"]


def hit_at_1(model: OpenWeights, method: str, cases: Sequence[AccuracyCase]) -> float:
    """The share of cases in which the word that a method ranks first is to blame; a short way while one is written."""
    plan = Plan(method=method)
    return sum(case.blames(ranking(model, case, plan).words[0]) for case in track(cases, method)) / len(cases)
