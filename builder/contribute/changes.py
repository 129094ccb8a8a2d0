"""Checks a change of the records before it is merged: what the rules say of it, and what only two states can tell.

The working tree is compared with the commit at which the change began. What one state of the records can tell is in
`builder.rules`; here is that new records begin in dev, that no id is used twice, that the test split stays as it is
from 1.0.0 on, and that readings are only added.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from builder.contribute.compare import Changed, State, changed, problems_of_change, read_state, relative
from builder.contribute.history import GitRepository, ids_in
from builder.contribute.skeletons import SETTINGS
from builder.review.reading import REPLACED, Reading, Replaced, reviews_beside
from builder.rules.text import VERSION
from builder.source.read import Problem, read_folder
from builder.versions import highest, major
from eval.errors import InputError
from eval.jsonl import read
from eval.record import Record, digest


class Checked(NamedTuple):
    """How many records are new, different or gone, and what is wrong; files are relative to the repository's root."""

    changed: int
    problems: list[Problem]


def check_changes(folder: Path, revision: str) -> Checked:
    """Compare the records in a folder, and the readings beside it, with where HEAD and the revision went apart.

    Raises:
        InputError: there is no git, no repository around the folder, no such revision, or no shared commit.
    """
    repository = GitRepository(folder)
    base = repository.merge_base(revision)
    inside = repository.inside(folder, reviews_beside(folder))
    with TemporaryDirectory() as beside:
        root = Path(beside).resolve()
        repository.restore(base, inside, root)
        records, *reviews = inside
        then, now = read_state(root, records), read_state(repository.root, records)
        before, after = set(ids_in(root / records)), set(ids_in(repository.root / records))
        rows = changed(then, now)
        new = [row for row in rows if row.record.id not in before]
        earlier = _deleted({row.record.id for row in new}, repository, base, records)
        problems = [*problems_of_change(then, now), *outside_dev(new), *no_setting(rows), *_thawed(then, now)]
        for name in reviews:
            problems += _rewritten(root / name, repository.root / name)
            for record in _replaced(root / name / REPLACED):
                earlier[record.id].add(digest(record.messages))
        problems += _used_again(new, earlier)
        found = {relative(relative(problem, root), repository.root) for problem in problems}
    return Checked(len(rows) + len(before - after), sorted(found))


def annotation(problem: Problem) -> str:
    """The problem as a command to GitHub's runner, which shows it beside its line in the pull request."""
    at = {"file": problem.file, "line": str(problem.line), "title": "xsb-build check-changes"}
    properties = ",".join(f"{name}={_escaped(value, ':,')}" for name, value in at.items())
    return f"::error {properties}::{_escaped(problem.message)}"


def _escaped(text: str, more: str = "") -> str:
    """The text with per cent signs, line ends and the characters in `more` as %XX."""
    return "".join(f"%{ord(char):02X}" if char in "%\r\n" + more else char for char in text)


def outside_dev(new: Sequence[Changed]) -> Iterator[Problem]:
    """New records that are not in dev; of a scenario, the first."""
    for record, place in _first_of_each([row for row in new if row.record.split != "dev"]):
        told = f"{record.id}: new records begin in dev, and move to test once they were read"
        yield Problem(*place, f"{told}; write `split: dev` in place of {record.split}")


def no_setting(rows: Sequence[Changed]) -> Iterator[Problem]:
    """Scenarios whose topic is no setting, by their first record."""
    dialogues = [row for row in rows if row.record.scenario_id]
    for record, place in _first_of_each([row for row in dialogues if row.record.topic not in SETTINGS]):
        told = f"{record.id}: the topic {record.topic!r} is no setting of scenarios"
        yield Problem(*place, f"{told}; write one of: {', '.join(SETTINGS)}")


def _first_of_each(rows: Sequence[Changed]) -> Collection[Changed]:
    """The prompts, and the first record of each scenario."""
    return {row.record.scenario_id or row.record.id: row for row in reversed(rows)}.values()


def _used_again(new: Sequence[Changed], earlier: Mapping[str, Collection[str]]) -> Iterator[Problem]:
    """New records under an id that stood for another text; `earlier` holds the digests of the texts of each id."""
    for record, place in new:
        if record.id in earlier and digest(record.messages) not in earlier[record.id]:
            told = f"{record.id}: the id stood for another text, which was deleted or replaced"
            yield Problem(*place, f"{told}; take one that was never used, as xsb-build new-prompt does")


def _deleted(ids: Collection[str], repository: GitRepository, base: str, records: str) -> defaultdict[str, set[str]]:
    """The digests of the texts that stood under those of the ids that were deleted before the change began."""
    earlier = defaultdict[str, set[str]](set)
    for deleted in repository.deleted_ids(base, records) if ids else ():
        if deleted.id not in ids:
            continue
        with TemporaryDirectory() as beside:
            file = Path(beside) / "before.yaml"
            file.write_bytes(repository.before(deleted))
            earlier[deleted.id] |= {digest(r.messages) for r in read_folder(file)[0] if r.id == deleted.id}
    return earlier


def _thawed(then: State, now: State) -> Iterator[Problem]:
    """Records that change in, enter or leave the test split within a major version from 1 on."""
    majors = [_major(state.records) for state in (then, now)]
    if majors[0] < 1 or majors[1] > majors[0]:
        return
    old, new = (
        dict(zip((r.id for r in s.records), zip(s.records, s.places, strict=True), strict=True)) for s in (then, now)
    )
    for name, (before, place) in old.items():
        after, at = new.get(name, (None, place._replace(line=1)))
        if _in_test(before) != _in_test(after):
            told = f"{name}: the test split does not change within version {majors[0]}, so that results stay comparable"
            yield Problem(*at, f"{told}; take this back, or raise the dataset's first number")


def _in_test(record: Record | None) -> object:
    """What a result on the test split depends on; None if the record is not in it."""
    return (record.messages, record.label, record.focus_spans) if record and record.split == "test" else None


def _major(records: Sequence[Record]) -> int:
    numbered = [record for record in records if VERSION.fullmatch(record.version)]
    return major(highest(numbered)) if numbered else 0


def _rewritten(then: Path, now: Path) -> Iterator[Problem]:
    """Files of readings that did more than grow, and the first line of each that grew that cannot be read."""
    for name in sorted({file.name for folder in (then, now) for file in folder.glob("*.jsonl")}):
        file = now / name
        old, new = (at.read_bytes() if at.is_file() else b"" for at in (then / name, file))
        if not new.startswith(old):
            pairs = zip_longest(old.split(b"\n"), new.split(b"\n"))
            line = next(number for number, (before, after) in enumerate(pairs, 1) if before != after)
            message = "this line was changed or deleted; put it back, and add lines only at the end"
            yield Problem(str(file), line, message)
        elif new != old:
            yield from _unreadable(file)


def _unreadable(file: Path) -> Iterator[Problem]:
    try:
        for _ in read(file, Replaced if file.name == REPLACED else Reading):
            pass
    except InputError as error:
        line, _, message = str(error).removeprefix(f"{file}:").partition(": ")
        yield Problem(str(file), int(line), message)


def _replaced(file: Path) -> Iterator[Record]:
    """The records that were replaced, up to the first line that cannot be read, which is a problem of its own."""
    if file.is_file():
        with suppress(InputError):
            for item in read(file, Replaced):
                yield item.record
