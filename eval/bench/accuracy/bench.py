"""The whole bench: cases, every method on them, report; everything that it writes lies in one folder."""

import json
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import torch
from pydantic import BaseModel

from eval.attribution import BUDGET, METHODS, REMOVAL
from eval.bench import shapley
from eval.bench.accuracy.baselines import BASELINES
from eval.bench.accuracy.cases import FOCUS, KINDS, AccuracyCase, Split, cases
from eval.bench.accuracy.measure import measure
from eval.bench.accuracy.report import markdown
from eval.bench.accuracy.result import Plan, Result
from eval.bench.accuracy.table import Row, rows
from eval.errors import InputError, UnknownName
from eval.models.protocol import OpenWeights
from eval.removal import REMOVALS
from eval.runs.sample import replace_file

BUDGETS = (16, 32, 64, BUDGET)
SAMPLED = ("shap", "kernel_shap", "black_box")  # methods that take a budget
CURVE = 12  # cases of each kind that the other budgets are tried on


class Accuracy(BaseModel):
    """What the bench found: facts about the run, remarks, and a row per kind and plan.

    `shapley` is what explainers miss exact Shapley values by, where `shap` is benched.
    """

    facts: dict[str, str]
    notes: list[str]
    rows: list[Row]
    shapley: list[shapley.Row]


def bench(
    model: OpenWeights, out: Path, methods: Sequence[str] = (), split: Split = "test", limit: int | None = None
) -> Accuracy:
    """Measure, and write `cases.jsonl`, `misses.jsonl`, `report.md` and `report.json` into `out`.

    Args:
        model: that is attributed.
        out: folder; what it holds of the same model is not measured again, and reported with the rest.
        methods: names in `METHODS`; all of them if none is given.
        split: `dev` to choose on, `test` to report.
        limit: cases of each kind; a larger one goes on from a smaller.

    Raises:
        UnknownName: no such method.
        InputError: `out` holds the figures of another model, or the model refuses no case of any kind.
    """
    for name in methods:
        if name not in METHODS:
            raise UnknownName("method", name, METHODS)
    _claim(out, model)
    found, notes = _cases(model, split, out)
    chosen = [case for _, group in groupby(found, key=lambda case: case.kind) for case in sampled(list(group), limit)]
    if not chosen:
        raise InputError(f"{model.name} refuses no prompt of this bench, so there is nothing to attribute")
    results = _measured(model, chosen, list(methods or METHODS), out / "cases.jsonl")
    results = _in_order([result for result in results if result.case in {case.id for case in found}])
    facts = _facts(model, split, found, results)
    replace_file(out / "misses.jsonl", misses(found, results))
    errors = _shapley(model, out) if "shap" in (methods or METHODS) else []
    replace_file(out / "report.md", markdown(results, facts, notes, errors))
    accuracy = Accuracy(facts=facts, notes=notes, rows=rows(results), shapley=errors)
    replace_file(out / "report.json", accuracy.model_dump_json(indent=1) + "\n")
    return accuracy


def plans(methods: Sequence[str]) -> list[Plan]:
    """Baselines, and every method as it is called by default; `ablation` with every way of removing words."""
    found = [Plan(method=name) for name in (*BASELINES, *methods)]
    if "ablation" in methods:
        found += [Plan(method="ablation", removal=name) for name in REMOVALS if name != REMOVAL]
    return found


def sampled(cases: Sequence[AccuracyCase], limit: int | None) -> list[AccuracyCase]:
    """At most `limit` cases, by the digest of their text; a larger limit only adds to them."""
    chosen = {case.id for case in sorted(cases, key=lambda case: case.id)[:limit]}
    return [case for case in cases if case.id in chosen]


def misses(cases: Sequence[AccuracyCase], results: Sequence[Result]) -> str:
    """A line of JSON for every case that a plan got wrong, sorted by cause; baselines apart."""
    by_id = {case.id: case for case in cases}
    wrong = [result for result in results if result.cause and result.plan.method not in BASELINES]
    lines = [
        json.dumps(
            {
                "cause": result.cause,
                "kind": result.kind,
                "method": result.plan.name,
                "prompt": [message.content for message in by_id[result.case].messages],
                "truth": [span.text(by_id[result.case].messages) for span in by_id[result.case].truth],
                "top": {named.text: round(named.share, 3) for named in result.top},
                "trigger": result.trigger,
                "case": result.case,
            },
            ensure_ascii=False,
        )
        for result in sorted(wrong, key=lambda result: (result.cause, result.kind, result.plan.name))
    ]
    return "".join(line + "\n" for line in lines)


def _measured(model: OpenWeights, chosen: list[AccuracyCase], methods: list[str], path: Path) -> list[Result]:
    measure(model, chosen, plans(methods), path)
    few = [case for _, group in groupby(chosen, key=lambda case: case.kind) for case in sampled(list(group), CURVE)]
    budgets = [Plan(method=m, budget=b) for m in SAMPLED if m in methods for b in BUDGETS if b != BUDGET]
    return measure(model, few, budgets, path)


def _shapley(model: OpenWeights, out: Path) -> list[shapley.Row]:
    """Against exact Shapley values; kept in `out`."""
    path = out / "shapley.json"
    if not path.exists():
        replace_file(path, json.dumps([row.model_dump() for row in shapley.study(model)], indent=1) + "\n")
    return [shapley.Row.model_validate(row) for row in json.loads(path.read_text(encoding="utf-8"))]


def _in_order(results: Sequence[Result]) -> list[Result]:
    """By kind, baselines first, then methods as `METHODS` has them, whenever they were run."""
    names = [*BASELINES, *METHODS]
    known = [result for result in results if result.plan.method in names]
    return sorted(known, key=lambda r: (KINDS.index(r.kind), names.index(r.plan.method)))


def _cases(model: OpenWeights, split: Split, out: Path) -> tuple[list[AccuracyCase], list[str]]:
    """The cases of all kinds, and what must be said about those that have none."""
    found, notes = cases(model, [kind for kind in KINDS if kind != FOCUS], split, out), []
    try:
        found += cases(model, [FOCUS], split, out)
    except InputError as error:
        notes.append(f"No cases of the kind {FOCUS}: {error}")
    have = {case.kind for case in found}
    notes += [f"No cases of the kind {kind}: the model refuses none." for kind in KINDS
              if kind not in have and not (kind == FOCUS and notes)]  # fmt: skip
    return found, notes


def _claim(out: Path, model: OpenWeights) -> None:
    """Make the folder this model's."""
    out.mkdir(parents=True, exist_ok=True)
    claim, facts = out / "model.json", {"model": model.name, **model.facts}
    if claim.exists() and (held := json.loads(claim.read_text(encoding="utf-8"))) != facts:
        raise InputError(f"{out} holds figures of {held}, not of {facts}; choose another --out")
    replace_file(claim, json.dumps(facts) + "\n")


def _facts(
    model: OpenWeights, split: Split, found: Sequence[AccuracyCase], results: Sequence[Result]
) -> dict[str, str]:
    run = {(result.case, result.kind) for result in results}
    counts = {kind: (sum(k == kind for _, k in run), sum(c.kind == kind for c in found)) for kind in KINDS}
    return {
        "model": model.name,
        **model.facts,
        "machine": platform.processor() or platform.machine(),
        "threads": str(torch.get_num_threads()),
        "date": datetime.now(UTC).date().isoformat(),
        "split": split,
        "cases": ", ".join(f"{kind} {n} of {of}" for kind, (n, of) in counts.items() if of),
    }
