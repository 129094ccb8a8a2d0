"""accept: candidates that reviewers agreed on become records, with the provenance of every step.

What is there already is known by the candidate's id in the provenance, so a run that was killed is gone on with by
running it again. A candidate whose record would break a rule stays out, and the others come in.
"""

import fcntl
import os
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from builder.accept.blame import blamed
from builder.accept.placing import SCENARIO, numbered, placed
from builder.accept.provenance import CANDIDATE, VERSION, edited_by_human, steps
from builder.accept.shelf import readings, shelve
from builder.candidate import Candidate
from builder.replacing import replacing
from builder.review.opinion import Adjudication, Opinion, Opinions, Settled, now, problems, settle
from builder.review.reading import Reviews, read_reviews
from builder.rules.groups import ENDINGS
from builder.source.nodes import Steps
from builder.source.read import read_places, read_provenance
from builder.source.write import file_text
from builder.validate import validate
from builder.versions import highest, next_version
from eval.errors import InputError
from eval.record import Record


class Case(NamedTuple):
    """A candidate as it came, all that was said of it, and where it stands."""

    candidate: Candidate
    opinions: Sequence[Opinion]
    final: Adjudication | None
    settled: Settled


class Outcome(NamedTuple):
    """What became of the candidates.

    `written` and `before` (by earlier runs) are ids of records by those of candidates. `broken` is what is wrong with
    accepted ones, `incomplete` what scenarios lack. `readings` is how many came to the records' reviews.
    """

    written: Mapping[str, str]
    before: Mapping[str, str]
    broken: Mapping[str, Sequence[str]]
    incomplete: Mapping[str, str]
    waiting: Sequence[Case]
    readings: int


class _There(NamedTuple):
    """What stands in the folder: records and their files by id, provenance, and every id that was ever used."""

    records: Mapping[str, Record]
    files: Mapping[str, Path]
    steps: Mapping[str, Steps]
    seen: Collection[str]


class _Fitting(NamedTuple):
    """Records that keep the rules, with the ids of their candidates, and why others stay out."""

    records: Sequence[Record]
    broken: Mapping[str, Sequence[str]]
    incomplete: Mapping[str, str]


def accept(
    candidates: Sequence[Candidate], opinions: Opinions, folder: Path, reviews: Path, needed: int, version: str = ""
) -> Outcome:
    """Write the candidates that are settled as accepted to the records, and their readings to the records' reviews.

    Args:
        candidates: as they came.
        opinions: of the reviewers.
        folder: the records.
        reviews: the folder of the records' readings.
        needed: how many reviewers a candidate needs.
        version: of the new records; by default that of an earlier run on these candidates, or else the next one.

    Raises:
        InputError: the records that are there break a rule, or one of their files has another layout.
    """
    cases = {candidate.id: _case(candidate, opinions, needed) for candidate in candidates}
    with _alone(folder):
        there = _read(folder, reviews)
        by_candidate = {str(known[CANDIDATE]): name for name, known in there.steps.items() if CANDIDATE in known}
        before = {name: by_candidate[name] for name in cases if name in by_candidate}
        waiting = {name: case for name, case in cases.items() if name not in before}
        agreed = [case for case in waiting.values() if case.settled.state == "accepted"]
        homes = {cases[name].candidate.scenario_id or "": there.records[home] for name, home in before.items()}
        fitting = _fit(agreed, there, homes, version or _version(folder, there, before))
        new = numbered(fitting.records, there.seen)
        written = {draft.id: record.id for draft, record in zip(fitting.records, new, strict=True)}
        known = {name: _steps(cases[candidate]) for candidate, name in written.items()}
        _write(folder, there, new, known)
        after = there._replace(
            records={**there.records, **{record.id: record for record in new}}, steps={**there.steps, **known}
        )
        shelved = _shelve(reviews, after, {name: cases[candidate] for candidate, name in {**before, **written}.items()})
    rest = [case for case in waiting.values() if case.settled.state != "accepted"]
    return Outcome(written, before, fitting.broken, fitting.incomplete, rest, shelved)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other runs on the folder waiting, so that no id is given twice."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _read(folder: Path, reviews: Path) -> _There:
    empty = not any(folder.rglob("*.y*ml"))
    records, places, wrong = ([], [], []) if empty else read_places(folder)
    if wrong := wrong or validate(records, places):
        raise InputError(f"{len(wrong)} problems in the records, first: {wrong[0]}; run xsb-build validate {folder}")
    files = {record.id: Path(place.file) for record, place in zip(records, places, strict=True)}
    shelf = read_reviews(reviews) if reviews.is_dir() else Reviews()
    ever = [*records, *(item.record for item in shelf.replaced)]
    seen = {record.id for record in ever} | {record.scenario_id for record in ever if record.scenario_id}
    seen |= {reading.id for reading in shelf.readings} | {f"{SCENARIO}{file.stem}" for file in files.values()}
    return _There({record.id: record for record in records}, files, {} if empty else read_provenance(folder), seen)


def _version(folder: Path, there: _There, before: Mapping[str, str]) -> str:
    """A killed run's records are of the same version as those of the one that goes on with it."""
    return highest([there.records[name] for name in before.values()]) if before else next_version(folder)


def _case(candidate: Candidate, opinions: Opinions, needed: int) -> Case:
    rows, final = opinions.of.get(candidate.id, ()), opinions.adjudicated.get(candidate.id)
    return Case(candidate, rows, final, settle(candidate, opinions, needed))


def _fit(cases: Sequence[Case], there: _There, homes: Mapping[str, Record], version: str) -> _Fitting:
    """Leave out what breaks a rule, and then what breaks one for want of that, until nothing does."""
    broken = {case.candidate.id: wrong for case in cases if (wrong := problems(case.settled.candidate))}
    drafts = [_draft(case, version) for case in cases if case.candidate.id not in broken]
    records = list(there.records.values())
    while True:
        drafts = [draft for draft in drafts if draft.id not in broken]
        incomplete = _incomplete(drafts, homes)
        found = placed([d for d in drafts if d.scenario_id not in incomplete], records, homes, there.seen)
        blame = blamed(records, found) if found else {}
        if not blame:
            return _Fitting(found, broken, incomplete)
        broken |= {found[at].id: messages for at, messages in blame.items()}


def _draft(case: Case, version: str) -> Record:
    accepted = case.settled.candidate
    by_human = edited_by_human(case.candidate, accepted, case.opinions)
    own = {"author_kind": "model+human" if by_human else "model", "split": "dev", "version": version}
    return accepted.record().model_copy(update=own)


def _incomplete(drafts: Sequence[Record], homes: Collection[str]) -> dict[str, str]:
    """What scenarios lack that are not there yet, by the candidates' name of the scenario."""
    endings = defaultdict[str, Counter[str]](Counter)
    for draft in drafts:
        if draft.scenario_id and draft.scenario_id not in homes:
            endings[draft.scenario_id][str(draft.label)] += 1
    least = " and ".join(f"{number} {label}" for label, number in ENDINGS.items())
    return {
        name: f"{labels['safe']} safe and {labels['unsafe']} unsafe endings are accepted; at least {least} are needed"
        for name, labels in endings.items()
        if any(labels[label] < number for label, number in ENDINGS.items())
    }


def _steps(case: Case) -> Steps:
    return steps(case.candidate, case.settled.candidate, case.opinions, case.final, now())


def _write(folder: Path, there: _There, new: Sequence[Record], known: Mapping[str, Steps]) -> None:
    """Add the records to their files; only once all of them are known to be readable, the first is touched."""
    homes = {there.records[name].scenario_id: file for name, file in there.files.items()}
    groups = defaultdict[Path, list[Record]](list)
    for record in new:
        if record.scenario_id is None:
            groups[folder / "xsb" / f"{record.type}.yaml"].append(record)
        else:
            beside = folder / "ms_xsb" / f"{record.scenario_id.removeprefix(SCENARIO)}.yaml"
            groups[homes.get(record.scenario_id, beside)].append(record)
    texts = {file: file_text(file, records, known) for file, records in groups.items()}
    for file, text in texts.items():
        with replacing(file) as target:
            target.write(text.encode())


def _shelve(reviews: Path, there: _There, cases: Mapping[str, Case]) -> int:
    """Put the readings of the records with these ids on the shelf; how many of them are new."""
    found = [
        reading
        for name, case in cases.items()
        for reading in readings(there.records[name], str(there.steps[name].get(VERSION)), case.candidate, case.opinions)
    ]
    return shelve(reviews, found)
