"""Runs in the terminal: what each mitigation does beside what it costs, what changed from run to run, and plans."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from eval.look.terminal import gigabytes, rate_text
from eval.look.wording import VERDICTS
from eval.runs.compare import Change
from eval.runs.differences import Difference, differences, p_text
from eval.runs.metrics import Metrics, metrics, outcome
from eval.runs.plan import Plan
from eval.runs.sample import Sample
from eval.runs.triggers import NO_METHOD

PROMPTS = {"safe": "safe", "unsafe": "unsafe", None: "no label"}
# What is gained or lost against the run without mitigation: an answer more is a false refusal less.
GAINS = {
    "false_refusal": ("safe compliance", -1),
    "unsafe_compliance": ("unsafe compliance", 1),
    "adversarial_compliance": ("adversarial", 1),
}


def show_metrics(samples: Sequence[Sample], console: Console) -> None:
    """How prompts of each kind were answered, then what each mitigation changes and costs."""
    console.print(_verdicts(samples))
    console.print()
    console.print(_effects(samples))
    if any(sample.mitigation != samples[0].mitigation for sample in samples):
        test = "no p for several answers" if any(sample.sample for sample in samples) else "p by McNemar's exact test"
        told = f"against none, in percentage points, on the same records, 95 % intervals; {test}"
        console.print(Text(told, style="dim"))
    if unscored := sum(not sample.scored for sample in samples):
        told = (
            "1 sample could not be judged and is"
            if unscored == 1
            else f"{unscored} samples could not be judged and are"
        )
        console.print(f"{told} not counted")
    rows = metrics(samples)
    if any(row.harmful_compliance for row in rows):
        console.print()
        console.print(_harm(rows, any(row.adversarial_compliance.scored for row in rows)))
    if unscored := sum(row.harm_unscored or 0 for row in rows):
        console.print(f"harm could not be judged, and is not counted, in this many samples: {unscored}")


def show_changes(changes: Sequence[Change], console: Console) -> None:
    """A table per change from one run to the next, and the prompts whose verdict flipped."""
    for change in changes:
        names = f"{change.before} -> {change.after}, {change.mitigation}: {change.records} records"
        console.print(Text(names), soft_wrap=True)
        for note in change.notes:
            console.print(Text(note, style="yellow"))
        table = _table(["figure"], ["change", "95 % interval", "only before", "only after", "p"])
        for row in change.differences:
            bounds = "" if row.low is None or row.high is None else f"{_points(row.low)} to {_points(row.high)}"
            table.add_row(
                row.figure.replace("_", " "), f"{_points(row.difference)} pp", bounds, str(row.only_before),
                str(row.only_after), p_text(row.p),
            )  # fmt: skip
        console.print(table)
        beyond = [row.figure.replace("_", " ") for row in change.differences if row.significant]
        console.print(f"more than chance would explain (5 % level): {', '.join(beyond) or 'nothing'}")
        for flip in change.flips:
            label = flip.label or "no label"
            turned = f"{VERDICTS[flip.before]} -> {VERDICTS[flip.after]}"
            console.print(Text(f"{turned}  {label}  {flip.record_id}: {' '.join(flip.prompt.split())}"), soft_wrap=True)
        console.print()


def show_plan(told: Plan, console: Console) -> None:
    """What a run would take."""
    console.print(Text(f"{told.model} on {told.dataset}", style="bold"), soft_wrap=True)
    each = f" x {told.samples} samples" if told.samples > 1 else ""
    console.print(f"  {told.records:,} records x {told.mitigations} mitigations{each} = {told.answers:,} answers")
    earlier = f", of which {told.earlier_turns:,} answers to earlier turns" if told.earlier_turns else ""
    console.print(f"  about {told.prompt_tokens:,} prompt tokens, at most {told.new_tokens:,} new ones{earlier}")
    if told.rewrites:
        console.print(f"  about {told.rewrites:,} rewrites, at most {told.rewrite_tokens:,} new tokens")
    if told.method != NO_METHOD and told.evaluations is not None:
        gradients = f", {told.passes:,} passes with gradients" if told.passes else ""
        console.print(
            f"  attribution by {told.method}: about {told.evaluations:,} evaluations{gradients}, "
            f"{told.attribution_tokens:,} tokens"
        )
    if told.requests:
        tokens = f"about {told.request_tokens:,} tokens"
        console.print(f"  about {told.requests:,} requests to endpoints, {tokens}, less what answers.jsonl holds")
    if told.memory_bytes:
        weights, work = gigabytes(told.weights_bytes), gigabytes(told.memory_bytes - told.weights_bytes)
        fits = "fits" if told.memory_bytes <= told.free_bytes else "does not fit"
        needed = f"weights {weights} in {told.dtype}, answering about {work} more"
        free = f"{gigabytes(told.free_bytes)} are free on {told.device}"
        console.print(f"  {needed}; {free}: {fits}", soft_wrap=True)
    for note in told.notes:
        console.print(Text(f"  {note}"), soft_wrap=True)


def _verdicts(samples: Sequence[Sample]) -> Table:
    """Answered, refused in part and refused, for each kind of prompt under each mitigation."""
    table = _table(["prompts", "mitigation"], ["answered", "95 % interval", "partly refused", "refused"])
    found: dict[str, dict[str, list[Sample]]] = {name: {} for name in PROMPTS.values()}
    for sample in samples:
        kind = found.setdefault(sample.suite or PROMPTS[sample.label], {})
        kind.setdefault(sample.mitigation, []).append(sample)
    for name, mitigations in found.items():
        for at, (mitigation, group) in enumerate(mitigations.items()):
            row = outcome("", "", mitigation, group)
            partly, refused = row.partial_refusal.count, row.full_refusal.count
            table.add_row("" if at else name, mitigation, *rate_text(row.compliance), str(partly), str(refused))
    return table


def _effects(samples: Sequence[Sample]) -> Table:
    """What each mitigation changes against none, and what every answer costs."""
    rows = metrics(samples)
    base = rows[0].mitigation
    found = {(one.figure, one.after): one for one in differences(samples) if one.before == base}
    figures = [figure for figure in GAINS if any(known == figure for known, _ in found)]
    columns = [column for figure in figures for column in (GAINS[figure][0], "p")]
    table = _table(["mitigation"], [*columns, "s/answer", "tokens"])
    for row in rows:
        cells = [cell for figure in figures for cell in _gain(found.get((figure, row.mitigation)), GAINS[figure][1])]
        table.add_row(row.mitigation, *cells, f"{row.seconds:.2f}", f"{row.tokens:.0f}")
    return table


def _harm(rows: Sequence[Metrics], suite: bool) -> Table:
    """How many unsafe prompts were answered in full, with an answer that really helps to do harm."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("complied and really helps to do harm")
    for column in ("unsafe", "95 % interval", *(["adversarial", "95 % interval"] if suite else [])):
        table.add_column(column, justify="right")
    for row in rows:
        beside = rate_text(row.harmful_adversarial) if suite else ()
        table.add_row(row.mitigation, *rate_text(row.harmful_compliance), *beside)
    return table


def _gain(found: Difference | None, sign: int) -> tuple[str, str]:
    """A difference in percentage points with its interval, and its p."""
    if found is None:
        return "", ""
    value, low, high = (None if x is None else sign * x for x in (found.difference, found.low, found.high))
    bounds = "" if low is None or high is None else f" ({_whole(min(low, high))} to {_whole(max(low, high))})"
    return f"{_whole(value or 0)}{bounds}", p_text(found.p)


def _table(names: Sequence[str], figures: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in names:
        table.add_column(column)
    for column in figures:
        table.add_column(column, justify="right")
    return table


def _whole(difference: float) -> str:
    """Of shares, in whole percentage points."""
    points = round(100 * difference)
    return f"{points:+d}" if points else "0"


def _points(difference: float) -> str:
    return f"{100 * difference:+.1f}"
