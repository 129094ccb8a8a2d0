"""The figures of every method on every kind, and what they are held against."""

from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

from pydantic import BaseModel

from eval.bench.accuracy.baselines import BASELINES
from eval.bench.accuracy.cases import FOCUS
from eval.bench.accuracy.result import Plan, Result
from eval.statistics import Mean, Paired, Rate, mcnemar, mean, rate

FLIPPED = "focus, twin answered"


class Row(BaseModel):
    """One plan on one kind; shares with Wilson intervals, mean reciprocal rank with a bootstrap's, costs as medians.

    `both` is the share with both redundant words in the first two, `exact` of phrases found as one, `decoy` of cases in
    which a decoy ranks first. The rest is `eval.bench.accuracy.result.Fidelity`'s, on average.
    """

    plan: Plan
    kind: str
    count: int
    hit1: Rate
    hit3: Rate
    mrr: Mean
    both: Rate
    exact: Rate
    decoy: Rate
    freed: Rate
    trigger_freed: Rate
    comprehensiveness: float
    sufficiency: float
    evaluations: float
    passes: float
    tokens: float
    seconds: float


class Goal(NamedTuple):
    """What the best method should reach on a kind; `at_most` where less is better."""

    what: str
    kind: str
    of: Callable[[Row], Rate]
    bound: float
    at_most: bool = False


GOALS = (
    Goal("hit@1", "single", lambda row: row.hit1, 0.97),
    Goal("hit@1", FOCUS, lambda row: row.hit1, 0.93),
    Goal("both in the first two", "redundant", lambda row: row.both, 0.90),
    Goal("found as one", "phrase", lambda row: row.exact, 0.90),
    Goal("hit@1", "earlier_turn", lambda row: row.hit1, 0.95),
    Goal("decoy first", "decoy_pair", lambda row: row.decoy, 0.03, at_most=True),
)


OWN: dict[str, dict[str, Callable[[Result], bool]]] = {
    "redundant": {"both in the first two": lambda result: result.both},
    "phrase": {"found as one": lambda result: result.exact},
}


class Comparison(NamedTuple):
    """Two methods on the same cases of a kind, in one figure; `test` has the other as the second."""

    kind: str
    figure: str
    other: str
    test: Paired


class Reached(NamedTuple):
    """A goal, the method that comes nearest to it, its share, and whether that is enough."""

    goal: Goal
    method: str
    share: Rate
    kept: bool


def rows(results: Sequence[Result]) -> list[Row]:
    """One row per kind and plan, in order of appearance; `FLIPPED` are the cases of `FOCUS` whose twin is answered."""
    found = []
    for kind in dict.fromkeys(result.kind for result in results):
        of_kind = [result for result in results if result.kind == kind]
        found += _rows(kind, of_kind)
        if kind == FOCUS:
            found += _rows(FLIPPED, [result for result in of_kind if result.flips])
    return found


def reached(table: Sequence[Row]) -> list[Reached]:
    """How near the methods come to each goal, of equals the one tried on most cases, then with fewest evaluations.

    Those that are told the neutral words do not compete, nor those tried on less than half as many cases as others.
    """
    found = []
    for goal in GOALS:
        able = [row for row in table if row.kind == goal.kind and _competes(row.plan)]
        if able:
            most = max(row.count for row in able)
            able = [row for row in able if 2 * row.count >= most]
            sign = -1 if goal.at_most else 1
            best = max(able, key=lambda row: (sign * (goal.of(row).share or 0), row.count, -row.evaluations))
            share = goal.of(best)
            kept = sign * (share.share or 0) >= sign * goal.bound
            found.append(Reached(goal, best.plan.name, share, kept))
    return found


def paired(results: Sequence[Result], method: str = "hybrid") -> list[Comparison]:
    """`method` against every other on the same cases of each kind, in hit@1 and in the kind's own figure."""
    found = []
    for kind in dict.fromkeys(result.kind for result in results):
        of_kind = [result for result in results if result.kind == kind and result.plan.method not in BASELINES]
        for figure, right in {"hit@1": _first, **OWN.get(kind, {})}.items():
            hits: dict[str, dict[str, bool]] = {}
            for result in of_kind:
                hits.setdefault(result.plan.name, {})[result.case] = right(result)
            first = hits.pop(method, {})
            for name, second in hits.items():
                if shared := [case for case in first if case in second]:
                    test = mcnemar([first[case] for case in shared], [second[case] for case in shared])
                    found.append(Comparison(kind, figure, name, test))
    return found


def _first(result: Result) -> bool:
    return result.rank == 1


def _competes(plan: Plan) -> bool:
    return plan.method not in BASELINES and plan.removal != "neutral"


def _rows(kind: str, results: Sequence[Result]) -> list[Row]:
    names = dict.fromkeys(result.plan.name for result in results)
    return [_row(kind, [result for result in results if result.plan.name == name]) for name in names]


def _row(kind: str, results: Sequence[Result]) -> Row:
    n = len(results)
    return Row(
        plan=results[0].plan,
        kind=kind,
        count=n,
        hit1=rate(sum(result.rank == 1 for result in results), n),
        hit3=rate(sum(result.rank <= 3 for result in results), n),
        mrr=mean([1 / result.rank for result in results]),
        both=rate(sum(result.both for result in results), n),
        exact=rate(sum(result.exact for result in results), n),
        decoy=rate(sum(result.decoy for result in results), n),
        freed=rate(sum(result.fidelity.freed for result in results), n),
        trigger_freed=rate(sum(result.fidelity.trigger_freed for result in results), n),
        comprehensiveness=mean([result.fidelity.comprehensiveness for result in results]).value,
        sufficiency=mean([result.fidelity.sufficiency for result in results]).value,
        evaluations=median(result.evaluations for result in results),
        passes=median(result.passes for result in results),
        tokens=median(result.tokens for result in results),
        seconds=median(result.seconds for result in results),
    )
