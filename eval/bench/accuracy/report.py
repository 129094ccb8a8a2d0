"""The bench's tables in Markdown, as the docs show them."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from eval.attribution import BUDGET, REMOVAL
from eval.bench import shapley
from eval.bench.accuracy.baselines import BASELINES
from eval.bench.accuracy.result import Result
from eval.bench.accuracy.table import Row, paired, reached, rows
from eval.statistics import Rate

Column = tuple[str, Callable[[Row], str]]

COST: tuple[Column, ...] = (
    ("evaluations", lambda row: f"{row.evaluations:g}"),
    ("passes", lambda row: f"{row.passes:g}"),
    ("tokens", lambda row: f"{row.tokens:.0f}"),
    ("seconds", lambda row: f"{row.seconds:.2f}"),
)
FAITHFUL: tuple[Column, ...] = (
    ("freed, word deleted", lambda row: percent(row.freed)),
    ("freed, trigger deleted", lambda row: percent(row.trigger_freed)),
    ("comprehensiveness", lambda row: f"{row.comprehensiveness:.2f}"),
    ("sufficiency", lambda row: f"{row.sufficiency:.2f}"),
)
RIGHT: tuple[Column, ...] = (
    ("n", lambda row: str(row.count)),
    ("hit@1", lambda row: interval(row.hit1)),
    ("hit@3", lambda row: percent(row.hit3)),
    ("MRR", lambda row: _mean(row)),
)
OF_KIND: dict[str, tuple[Column, ...]] = {
    "redundant": (("both in the first two", lambda row: interval(row.both)),),
    "phrase": (("found as one", lambda row: interval(row.exact)),),
    "decoy_pair": (("decoy first", lambda row: interval(row.decoy)),),
}
NAME: tuple[Column, ...] = (("method", lambda row: row.plan.name),)


def markdown(
    results: Sequence[Result], facts: Mapping[str, str], notes: Sequence[str], errors: Sequence[shapley.Row] = ()
) -> str:
    """The whole report.

    Args:
        results: of one split.
        facts: about the model, machine and date.
        notes: what the reader must know beside the figures, such as kinds without cases.
        errors: against exact Shapley values.
    """
    usual = [result for result in results if result.plan.budget == BUDGET]
    table = rows(usual)
    parts = ["# Accuracy of attribution", *_list([f"{name}: {value}" for name, value in facts.items()]), *notes]
    parts += ["## Goals", _goals(table)]
    for kind in dict.fromkeys(row.kind for row in table):
        of_kind = [row for row in table if row.kind == kind]
        parts += [f"## {kind}", _table((*NAME, *RIGHT, *OF_KIND.get(kind, ()), *COST), of_kind)]
        parts += [_table((*NAME, *FAITHFUL), of_kind)]
    parts += ["## Removals", _removals(usual), "## Cost", _curve(results)]
    parts += ["## Error against exact Shapley values", shapley.markdown(errors)] if errors else []
    parts += ["## Hybrid against the others", _paired(usual), "## Misses by cause", _causes(usual)]
    return "\n\n".join(part for part in parts if part) + "\n"


def interval(rate: Rate) -> str:
    """A share in per cent with its 95 % interval."""
    if rate.share is None or rate.low is None or rate.high is None:
        return "none"
    return f"{100 * rate.share:.1f} ({100 * rate.low:.1f} to {100 * rate.high:.1f})"


def percent(rate: Rate) -> str:
    """A share in per cent."""
    return "none" if rate.share is None else f"{100 * rate.share:.1f}"


def grid(head: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    """A Markdown table; empty without rows."""
    if not cells:
        return ""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _table(columns: Sequence[Column], table: Sequence[Row]) -> str:
    return grid([name for name, _ in columns], [[cell(row) for _, cell in columns] for row in table])


def _mean(row: Row) -> str:
    value, low, high = row.mrr
    return f"{value:.3f}" + (f" ({low:.3f} to {high:.3f})" if low is not None and high is not None else "")


def _list(items: Sequence[str]) -> list[str]:
    return ["\n".join(f"- {item}" for item in items)] if items else []


def _goals(table: Sequence[Row]) -> str:
    head = ("kind", "figure", "goal (%)", "best", "n", "method", "kept")
    return grid(head, [
        (
            goal.kind, goal.what, f"{'<=' if goal.at_most else '>='} {100 * goal.bound:.0f}", interval(share),
            str(share.scored), method,
            "yes" if kept else "**no**",
        )
        for goal, method, share, kept in reached(table)
    ])  # fmt: skip


def _removals(results: Sequence[Result]) -> str:
    """Which way of removing words is the most faithful, over all kinds; `neutral` is told the words' neutral twins."""
    of_method = [r for r in results if r.plan.method == "ablation"]
    shared = _shared(of_method)
    pooled = [result.model_copy(update={"kind": "all"}) for result in of_method if result.case in shared]
    columns: tuple[Column, ...] = (*NAME, *RIGHT, *FAITHFUL, *COST)
    return _table(columns, rows(pooled)) if len({r.plan.removal for r in pooled}) > 1 else ""


def _curve(results: Sequence[Result]) -> str:
    """Accuracy against cost, on the cases that every method and budget was tried on, cheap ones first."""
    if all(result.plan.budget == BUDGET for result in results):
        return ""
    tried = [r for r in results if r.plan.removal == REMOVAL and r.plan.method not in BASELINES]
    shared = _shared(tried)
    pooled = [r.model_copy(update={"kind": "all"}) for r in tried if r.case in shared]
    return _table((*NAME, *RIGHT, *COST), sorted(rows(pooled), key=lambda row: row.tokens))


def _shared(results: Sequence[Result]) -> set[str]:
    """The cases that every plan was tried on."""
    plans: dict[str, set[str]] = {}
    for result in results:
        plans.setdefault(result.plan.name, set()).add(result.case)
    return set.intersection(*plans.values()) if plans else set()


def _paired(results: Sequence[Result]) -> str:
    head = ("kind", "figure", "against", "only hybrid right", "only the other right", "p (exact McNemar)")
    return grid(head, [
        (kind, figure, other, str(test.first), str(test.second), f"{test.p:.3f}")
        for kind, figure, other, test in paired(results)
    ])  # fmt: skip


def _causes(results: Sequence[Result]) -> str:
    """How many cases each plan misses, by cause."""
    missed = [result for result in results if result.cause]
    causes = [name for name, _ in Counter(result.cause for result in missed).most_common()]
    counts = Counter((result.plan.name, result.cause) for result in missed)
    plans = dict.fromkeys(result.plan.name for result in results)
    cells = [[plan, *(str(counts[plan, cause]) for cause in causes)] for plan in plans]
    return grid(["method", *causes], cells) if causes else ""
