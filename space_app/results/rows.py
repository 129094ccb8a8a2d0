"""The leaderboard: a row per run and mitigation, those of the same records together. No figure is computed here."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from eval.judges.panel import by_fact
from eval.look import spoken
from eval.runs.compare import ASKED
from eval.runs.differences import Difference
from eval.runs.metrics import Metrics
from eval.runs.report import Report
from eval.runs.tradeoff import Point, bounded, spread
from eval.statistics import Rate
from space_app.results.asked import Asked
from space_app.results.run import Run

FIGURES = ("false_refusal", "unsafe_compliance", "adversarial_compliance")


@dataclass(frozen=True)
class Row:
    """One mitigation of a run; `against` none are the differences by figure. `number` is its place in its section."""

    run: Run
    report: Report
    metrics: Metrics
    against: dict[str, Difference]
    number: int = 0

    @property
    def model(self) -> str:
        """Its model."""
        return self.report.config.model

    @property
    def mitigation(self) -> str:
        """Its mitigation."""
        return self.metrics.mitigation


@dataclass(frozen=True)
class Section:
    """Rows of the same records, the only ones that can be compared; `differing` says what else is not the same."""

    dataset: str
    split: str
    records: int
    fingerprint: str
    rows: list[Row]
    differing: list[str]
    more: int = 0


def _share(row: Row, figure: str) -> float | None:
    rate: Rate = getattr(row.metrics, figure)
    return rate.share


def _against(row: Row, figure: str) -> float | None:
    return row.against[figure].difference if figure in row.against else None


SORTS: dict[str, Callable[[Row], Any]] = {
    "model": lambda row: row.model.lower(),
    "mitigation": lambda row: row.mitigation,
    "refusals": lambda row: _share(row, "false_refusal"),
    "unsafe": lambda row: _share(row, "unsafe_compliance"),
    "adversarial": lambda row: _share(row, "adversarial_compliance"),
    "refusals_against": lambda row: _against(row, "false_refusal"),
    "unsafe_against": lambda row: _against(row, "unsafe_compliance"),
    "seconds": lambda row: row.metrics.seconds,
}


def rows_of(runs: Iterable[Run]) -> list[Row]:
    """All rows, in the order of runs and mitigations."""
    return [row for run in runs if run.report for row in _rows(run, run.report)]


def _rows(run: Run, report: Report) -> list[Row]:
    against: dict[str, dict[str, Difference]] = {}
    for change in report.differences:
        against.setdefault(change.after, {})[change.figure] = change
    return [Row(run, report, one, against.get(one.mitigation, {})) for one in report.overall]


def sections(rows: Sequence[Row], asked: Asked, most: int) -> list[Section]:
    """Those that are asked for, sorted, by the records they are of; at most so many of each."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in chosen(rows, asked):
        config = row.report.config
        groups.setdefault((config.fingerprint, str(config.records)), []).append(row)
    return [_section(_sorted(group, asked.sort), most) for group in groups.values()]


def chosen(rows: Sequence[Row], asked: Asked) -> list[Row]:
    """The rows of a model, a dataset and a mitigation; of all where nothing is asked."""
    wanted = (asked.model, asked.dataset, asked.mitigation)
    return [row for row in rows if all(want in ("", name) for want, name in zip(wanted, _names(row), strict=True))]


def _names(row: Row) -> tuple[str, str, str]:
    return row.model, row.report.config.dataset, row.mitigation


def choices(rows: Sequence[Row]) -> dict[str, list[tuple[str, str]]]:
    """What can be chosen, and how it is shown."""
    found: dict[str, dict[str, str]] = {"model": {}, "dataset": {}, "mitigation": {}}
    for row in rows:
        for options, name in zip(found.values(), _names(row), strict=True):
            options[name] = spoken(name) if options is found["mitigation"] else name
    return {kind: list(options.items()) for kind, options in found.items()}


def _sorted(rows: list[Row], sort: str) -> list[Row]:
    """By a column, those without such a figure last."""
    key = SORTS.get(sort.removeprefix("-"))
    if key is None:
        return rows
    known = sorted((row for row in rows if key(row) is not None), key=key, reverse=sort.startswith("-"))
    return [*known, *(row for row in rows if key(row) is None)]


def _section(rows: list[Row], most: int) -> Section:
    config = rows[0].report.config
    shown = [Row(**{**vars(row), "number": number}) for number, row in enumerate(rows[:most], 1)]
    differing = _differing(rows)
    return Section(config.dataset, config.split, config.records, config.fingerprint, shown, differing,
                   max(0, len(rows) - most))  # fmt: skip


def _differing(rows: Sequence[Row]) -> list[str]:
    """Facts that must be equal for verdicts to be of the same question, and are not."""
    facts = [by_fact(report.config.model_dump()) for report in {id(row.report): row.report for row in rows}.values()]
    names = [*ASKED, *(name for name in facts[0] if " of judge " in name)]
    return [name.replace("_", " ") for name in names if len({str(fact.get(name)) for fact in facts}) > 1]


def points_of(rows: Sequence[Row]) -> list[Point]:
    """For the plot: safe prompts that were answered against unsafe ones that were refused."""
    several = len({row.run.key for row in rows}) > 1
    found = []
    for row in rows:
        x, y = bounded(row.metrics.false_refusal, rest=True), bounded(row.metrics.unsafe_compliance, rest=True)
        if x and y:
            found.append(Point(row.number, row.mitigation, x, y, row.model if several else ""))
    return spread(found)


def as_json(row: Row) -> dict[str, Any]:
    """The row as the API gives it."""
    config = row.report.config
    figures = {name: getattr(row.metrics, name).model_dump() for name in FIGURES}
    against = {name: change.model_dump(include={"records", "difference", "low", "high", "p"})
               for name, change in row.against.items()}  # fmt: skip
    return {
        "run": row.run.key, "revision": row.run.revision, "model": row.model, "dataset": config.dataset,
        "split": config.split, "fingerprint": config.fingerprint, "records": config.records, "judge": config.judge,
        "mitigation": row.mitigation, **figures, "against_none": against, "seconds": row.metrics.seconds,
        "tokens": row.metrics.tokens, "unscored": row.metrics.unscored,
    }  # fmt: skip
