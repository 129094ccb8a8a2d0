"""Two runs on the same records: what changed, whether more than chance would have it, and which answers flipped."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from pydantic import BaseModel

from eval.errors import InputError
from eval.judges.panel import by_fact
from eval.judges.verdict import VerdictLabel
from eval.runs.differences import Difference, Side, difference, paired
from eval.runs.metrics import FIGURES
from eval.runs.report import read_run
from eval.runs.sample import Sample, by_mitigation, numbered

# what must be equal for verdicts to be of the same question
ASKED = ("fingerprint", "judge", "harm_judge", "max_new_tokens", "temperature", "samples", "system", "assistant")


class Flip(BaseModel):
    """A record whose verdict changed; of several answers, the verdict on most of them.

    `card` is the record's number in the report of the later run, `same_answers` whether the texts are the same, so that
    it was not the model which changed.
    """

    record_id: str
    mitigation: str
    label: str | None
    prompt: str
    before: VerdictLabel
    after: VerdictLabel
    card: int
    same_answers: bool


class Change(BaseModel):
    """From one run's folder to the next one's. `notes` say what else differs between them.

    Of its `records`, scored on both sides, `same_answers` have the same texts as before, word for word.
    """

    before: str
    after: str
    mitigation: str
    records: int
    same_answers: int
    differences: list[Difference]
    flips: list[Flip]
    notes: list[str]


def compare(folders: Sequence[Path]) -> list[Change]:
    """Each run against the one before it, for every mitigation that both have.

    Raises:
        InputError: there are fewer than two, a folder holds no run, or two runs share no record.
    """
    if len(folders) < 2:
        raise InputError(f"{len(folders)} run is nothing to compare; give two folders or more")
    return [change for before, after in pairwise(folders) for change in _changes(before, after)]


def _changes(before: Path, after: Path) -> list[Change]:
    (old_config, old), (new_config, new) = read_run(before), read_run(after)
    was, now = by_fact(old_config.model_dump()), by_fact(new_config.model_dump())
    both_know = [name for name in was if " of judge " in name and name in now]
    notes = differing(was, now, (*ASKED, *both_know))
    first, second = by_mitigation(old), by_mitigation(new)
    found = [
        change_of(Side(str(before), first[name]), Side(str(after), second[name]), name, notes)
        for name in first
        if name in second
    ]
    if not any(change.records for change in found):
        raise InputError(f"{before} and {after} have no record under the same mitigation in common")
    return found


def differing(was: Mapping[str, object], now: Mapping[str, object], names: Iterable[str]) -> list[str]:
    """What differs of these, in words; what one side does not know is nothing."""
    return [
        f"{name.replace('_', ' ')}: {_spoken(was.get(name))} before, {_spoken(now.get(name))} after"
        for name in names
        if was.get(name) != now.get(name)
    ]


def change_of(before: Side, after: Side, mitigation: str, notes: list[str]) -> Change:
    """From samples of one mitigation to later ones of the same."""
    pairs = paired(before.samples, after.samples)
    cards = {key: at for at, key in enumerate(dict.fromkeys(key for key, _ in numbered(after.samples)), 1)}
    card = {id(sample): cards[key] for key, sample in numbered(after.samples)}
    found = [difference(figure, before, after) for figure in FIGURES]
    return Change(
        before=before.name,
        after=after.name,
        mitigation=mitigation,
        records=len(pairs),
        same_answers=sum(map(_same, *zip(*pairs, strict=True))) if pairs else 0,
        differences=[one for one in found if one],
        flips=[flip for old, new in pairs if (flip := _flip(old, new, card[id(new[0])]))],
        notes=notes,
    )


def _flip(before: Sequence[Sample], after: Sequence[Sample], card: int) -> Flip | None:
    old, new = (Counter(one.verdict.label for one in side).most_common(1)[0][0] for side in (before, after))
    if old == new:
        return None
    first = before[0]
    return Flip(
        record_id=first.record_id,
        mitigation=first.mitigation,
        label=first.label,
        prompt=first.sent[-1].content if first.sent else "",
        before=old,
        after=new,
        card=card,
        same_answers=_same(before, after),
    )


def _same(before: Sequence[Sample], after: Sequence[Sample]) -> bool:
    return [sample.response for sample in before] == [sample.response for sample in after]


def _spoken(value: object) -> object:
    return "none" if value is None or value == "" else value
