"""What changed in several models since their last runs, whether by more than chance, and whether it is worse.

Every figure of `eval.runs.metrics` is of something that should be rare, so that more of it is worse. All tests of a
watch are adjusted together (Holm). Running the models and writing the report are elsewhere.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, computed_field

from eval.errors import InputError
from eval.runs.compare import Change, change_of
from eval.runs.conditions import Condition, met
from eval.runs.differences import Difference, Side
from eval.runs.history import Past, baseline, circumstances, comparable, history, shared
from eval.runs.metrics import Metrics, metrics
from eval.runs.report import read_run
from eval.runs.sample import Sample, by_mitigation
from eval.statistics import holm, sign_test

State = Literal["compared", "first", "not compared", "failed"]
LEVEL = 0.05
WORSE, FAILED = 1, 3  # exit codes; 2 is a user's error, as everywhere


class Tested(BaseModel):
    """One figure of one mitigation.

    `p` is McNemar's exact test, or, where records have several answers, the exact sign test of records that changed;
    `adjusted` is for all tests of the watch.
    """

    mitigation: str
    difference: Difference
    p: float
    adjusted: float = 1.0

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorated properties
    @property
    def significant(self) -> bool:
        """Whether it is more than chance would explain at the 5 % level, in a watch of so many tests."""
        return self.adjusted < LEVEL

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorated properties
    @property
    def worse(self) -> bool:
        """Whether it is significant, and there is more of what should be rare."""
        return self.adjusted < LEVEL and self.difference.only_after > self.difference.only_before


class Watched(BaseModel):
    """One model on one dataset; `run`, `before` and `first` are folders below that of all watches, or "".

    `tests` are of changes since `before`, the last run, `drift` of those since `first`, the first one of the same
    question on the same records; they are told, and are no failure, since they would be one every time.
    `notes` say what else differs, or why there is no comparison; `met` which conditions hold; `passed_over` what lies
    beside its runs and is none.
    """

    name: str
    dataset: str
    state: State
    run: str = ""
    started: str = ""
    before: str = ""
    before_started: str = ""
    error: str = ""
    metrics: list[Metrics] = []
    changes: list[Change] = []
    tests: list[Tested] = []
    first: str = ""
    first_started: str = ""
    drift: list[Tested] = []
    notes: list[str] = []
    met: list[str] = []
    passed_over: list[str] = []

    @property
    def worse(self) -> bool:
        """Whether a figure got worse by more than chance would explain."""
        return any(test.worse for test in self.tests)

    @property
    def better(self) -> bool:
        """Whether a figure got better by more than chance would explain."""
        return any(test.significant and not test.worse for test in self.tests)

    @property
    def drifted(self) -> list[Tested]:
        """Figures that changed since the first run by more than chance would explain."""
        return [test for test in self.drift if test.significant]

    @property
    def flips(self) -> int:
        """Verdicts that changed, of all mitigations."""
        return sum(len(change.flips) for change in self.changes)


class Watch(BaseModel):
    """All models of one watch, and the exit code that they make."""

    started: str
    models: list[Watched]

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorated properties
    @property
    def exit_code(self) -> int:
        """1 if something got worse or a condition holds; otherwise 3 if a model failed; otherwise 0."""
        if any(one.worse or one.met for one in self.models):
            return WORSE
        return FAILED if any(one.state == "failed" for one in self.models) else 0


def watched(name: str, folder: Path, out: Path, now: Past, conditions: Sequence[Condition] = ()) -> Watched:
    """A finished run beside the last one of the same question in a folder of runs; `adjust` is still to be called.

    Args:
        name: of the model.
        folder: of all its runs.
        out: of all watches, above it.
        now: the run.
        conditions: on its figures; those on mitigations that it does not have are left out.

    Raises:
        InputError: the run cannot be read, or nothing in it was scored.
    """
    _, samples = read_run(now.folder)
    rows = metrics(samples)
    names = {row.mitigation for row in rows}
    if not any(sample.scored for sample in samples):
        raise InputError(f"none of {len(samples)} answers could be scored; the first: {samples[0].note or 'no reason'}")
    runs, others = history(folder)
    found = Watched(
        name=name,
        dataset=now.config.dataset,
        state="first",
        run=now.folder.relative_to(out).as_posix(),
        started=now.config.started,
        metrics=rows,
        met=met([one for one in conditions if one.mitigation is None or one.mitigation in names], rows),
        passed_over=others,
    )
    before: list[Sample] = []
    while (last := baseline(now, runs)).past and not (before := _usable(last.past)):
        runs.remove(last.past)
    if last.past:
        _compare(found, last.past, before, now, samples, out)
        _add_drift(found, now, runs, samples, out)
    elif last.reasons:
        found.state, found.notes = "not compared", last.reasons
    return found


def adjust(models: Sequence[Watched]) -> None:
    """Adjust the p-values of all tests for how many there are, those of the drift apart, which make no exit code."""
    for family in ([test for one in models for test in one.tests], [test for one in models for test in one.drift]):
        for test, p in zip(family, holm([test.p for test in family]), strict=True):
            test.adjusted = p


def _usable(past: Past) -> list[Sample]:
    """The samples of a run; none if they cannot be read, or none of them was scored, since the model was down."""
    try:
        _, samples = read_run(past.folder)
    except InputError:
        return []
    return samples if any(sample.scored for sample in samples) else []


def _compare(
    found: Watched, past: Past, before: Sequence[Sample], now: Past, samples: Sequence[Sample], out: Path
) -> None:
    """Add what changed since a run of the past."""
    found.before, found.before_started = past.folder.relative_to(out).as_posix(), past.config.started
    served = (_served(before), _served(samples))
    if past.config.fingerprint != now.config.fingerprint:
        before = shared(before, samples)
    found.changes = _changes(Side(found.before, before), Side(found.run, samples))
    found.notes = circumstances(past, now, served)
    found.state = "compared" if found.changes else "not compared"
    if not found.changes:
        found.notes.append("no record is in both runs, unchanged and scored")
    found.notes += _unscored(metrics(before), found.metrics) if before else []
    found.tests = _tests(found.changes)


def _add_drift(found: Watched, now: Past, runs: Sequence[Past], samples: Sequence[Sample], out: Path) -> None:
    """Add what changed since the first run, of which many small changes may be a large one."""
    for past in runs:
        if past.folder in (now.folder, out / found.before):
            return
        if not comparable(past, now) or not (before := _usable(past)):
            continue
        found.first, found.first_started = past.folder.relative_to(out).as_posix(), past.config.started
        found.drift = _tests(_changes(Side(found.first, before), Side(found.run, samples)))
        return


def _changes(before: Side, after: Side) -> list[Change]:
    """For each mitigation that both sides have, if any record is scored under it on both."""
    first, second = by_mitigation(before.samples), by_mitigation(after.samples)
    found = [
        change_of(Side(before.name, first[name]), Side(after.name, second[name]), name, [])
        for name in second
        if name in first
    ]
    return [change for change in found if change.records]


def _tests(changes: Sequence[Change]) -> list[Tested]:
    return [
        Tested(
            mitigation=change.mitigation,
            difference=one,
            p=sign_test(one.only_before, one.only_after) if one.p is None else one.p,
        )
        for change in changes
        for one in change.differences
    ]


def _unscored(before: Sequence[Metrics], after: Sequence[Metrics]) -> list[str]:
    """How many answers could not be judged, where that changed."""
    was = {row.mitigation: row.unscored for row in before}
    return [
        f"unscored answers under {row.mitigation}: {was[row.mitigation]} before, {row.unscored} after"
        for row in after
        if was.get(row.mitigation, row.unscored) != row.unscored
    ]


def _served(samples: Sequence[Sample]) -> str:
    return ", ".join(sorted({sample.served for sample in samples if sample.served}))
