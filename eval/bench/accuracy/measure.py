"""Runs every plan on every case into `cases.jsonl`; what the file holds already is not run again."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from eval.attribution import attribute
from eval.bench.accuracy.baselines import BASELINES
from eval.bench.accuracy.cases import AccuracyCase
from eval.bench.accuracy.causes import SECOND, cause, is_decoy, phrase_cause
from eval.bench.accuracy.fidelity import Faithful
from eval.bench.accuracy.result import TOP, Fidelity, Named, Plan, Ranked, Result, exact, ranks
from eval.jsonl import append, read_if_there
from eval.models.protocol import OpenWeights
from eval.progress import track
from eval.record import digest
from eval.words import without, words

CHUNK = 24  # cases whose deletions are answered in one batch


def measure(model: OpenWeights, cases: Sequence[AccuracyCase], plans: Sequence[Plan], path: Path) -> list[Result]:
    """Every result in `path`, once every case has one under every plan."""
    known = read_if_there(path, Result)
    done = {(result.case, result.plan.model_dump_json()) for result in known}
    left_over = [
        (chunk, plan, left)
        for chunk in _chunks(cases)
        for plan in plans
        if (left := [case for case in chunk if (case.id, plan.model_dump_json()) not in done])
    ]
    faithful = Faithful(model, _verdicts(cases, known))
    for chunk, plan, left in track(left_over, "accuracy"):
        faithful.keep(case.id for case in chunk)
        rankings = [ranking(model, case, plan) for case in left]
        tested = faithful.test(left, rankings)
        known += (new := [_result(*row, plan) for row in zip(left, rankings, tested, strict=True)])
        append(path, new)
    return known


def ranking(model: OpenWeights, case: AccuracyCase, plan: Plan) -> Ranked:
    """The words of a case in a method's or baseline's order."""
    if plan.method in BASELINES:
        shares = {span: BASELINES[plan.method](case, span) for span in words(case.messages)}
        order = sorted(shares, key=lambda span: -shares[span])
        return Ranked(words=order, shares=[shares[span] for span in order], triggers=order[:1])
    neutral = case.neutral if plan.removal == "neutral" else None
    found = attribute(model, case.messages, plan.method, removal=plan.removal, neutral=neutral, budget=plan.budget)
    return Ranked(
        words=[feature.span for feature in found.ranked],
        shares=[feature.score for feature in found.ranked],
        triggers=found.triggers,
        evaluations=found.evaluations,
        passes=found.passes,
        tokens=found.tokens,
        seconds=found.seconds,
        error=found.error,
    )


def _chunks(cases: Sequence[AccuracyCase]) -> Iterator[tuple[AccuracyCase, ...]]:
    for _, group in groupby(cases, key=lambda case: case.kind):
        rows = tuple(group)
        yield from (rows[at : at + CHUNK] for at in range(0, len(rows), CHUNK))


def _verdicts(cases: Sequence[AccuracyCase], known: Sequence[Result]) -> dict[str, bool]:
    """What the model did without the words that known results name first, by digest."""
    by_id = {case.id: case for case in cases}
    found = {}
    for result in known:
        if case := by_id.get(result.case):
            spans = [span for span in words(case.messages)
                     if (span.turn, span.start) == (result.top[0].turn, result.top[0].start)]  # fmt: skip
            found[digest(without(case.messages, spans))] = not result.fidelity.freed
    return found


def _result(case: AccuracyCase, ranked: Ranked, fidelity: Fidelity, plan: Plan) -> Result:
    top, trigger = ranked.words[0], next(iter(ranked.triggers), None)
    places, is_exact = ranks(case, ranked.words), exact(case, trigger)
    why = cause(case, top, ranked.shares[0], fidelity.freed)
    if case.kind == "phrase" and not why and not is_exact:
        why = phrase_cause(case, trigger)
    if case.kind == "redundant" and not why and max(places) > len(places):
        why = SECOND
    named = zip(ranked.words[:TOP], ranked.shares, strict=False)
    return Result(
        case=case.id,
        kind=case.kind,
        split=case.split,
        plan=plan,
        words=len(ranked.words),
        top=[Named(text=s.text(case.messages), turn=s.turn, start=s.start, share=share) for s, share in named],
        trigger=trigger.text(case.messages) if trigger else "",
        ranks=places,
        exact=is_exact,
        flips=case.flips,
        decoy=is_decoy(case, top),
        cause=why,
        evaluations=ranked.evaluations,
        passes=ranked.passes,
        tokens=ranked.tokens,
        seconds=ranked.seconds,
        error=ranked.error,
        fidelity=fidelity,
    )
