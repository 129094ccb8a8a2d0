"""Where accepted candidates belong among the records: in which pair or scenario, with which pattern, topic and id."""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import count

from builder.rules.collection import one_kind_per_word, one_spelling_per_topic
from builder.rules.finding import tokens
from builder.rules.groups import ALONE, same_word
from eval.record import Record

SCENARIO = "ms-xsb-"
LONELY = {
    "safe": f"({ALONE}: no unsafe prompt of this type and split has its trigger)",
    "unsafe": f"({ALONE}: no safe prompt with its trigger was accepted with it)",
}


def placed(
    drafts: Sequence[Record], records: Sequence[Record], homes: Mapping[str, Record], seen: Collection[str]
) -> list[Record]:
    """The drafts as they will stand among the records, all but their ids.

    Args:
        drafts: records with the ids and scenarios of the candidates.
        records: those that are there.
        homes: for scenarios of candidates that are there already, one of their records.
        seen: ids of records and scenarios that were ever used.
    """
    pairs = _pairs([draft for draft in drafts if draft.scenario_id is None], records)
    scenarios = _scenarios(drafts, homes, seen)
    found = list[Record]()
    for draft in drafts:
        if draft.scenario_id is None:
            new = _paired(draft, pairs.get(draft.id))
        elif home := homes.get(draft.scenario_id):
            shared = ("scenario_id", "pair_id", "topic", "split")
            new = draft.model_copy(update={name: getattr(home, name) for name in shared})
        else:
            name = scenarios[draft.scenario_id]
            new = draft.model_copy(update={"scenario_id": name, "pair_id": name})
        found.append(_fitted(new, [*records, *found]))
    return found


def numbered(records: Sequence[Record], seen: Collection[str]) -> list[Record]:
    """The records with the next ids that were never used: three digits after the type, two after the scenario."""
    numbers: dict[str, Iterator[int]] = {}
    found = []
    for record in records:
        prefix, digits = (f"xsb-{record.type}-", 3) if record.scenario_id is None else (f"{record.scenario_id}-", 2)
        if prefix not in numbers:
            numbers[prefix] = _free(prefix, seen)
        found.append(record.model_copy(update={"id": f"{prefix}{next(numbers[prefix]):0{digits}}"}))
    return found


def _free(prefix: str, seen: Collection[str]) -> Iterator[int]:
    used = [re.fullmatch(rf"{re.escape(prefix)}([0-9]+)", name) for name in seen]
    return count(1 + max((int(match[1]) for match in used if match), default=0))


def _pairs(drafts: Sequence[Record], records: Sequence[Record]) -> dict[str, str]:
    """The group of each draft that has one: a new one with an unsafe draft, or else that of an unsafe record."""
    found: dict[str, str] = {}
    taken = {record.pair_id for record in records}
    for unsafe, mates in _matched(drafts):
        word = next(word for word in unsafe.focus for other in mates[0].focus if same_word(word, other))
        name = _unused(f"{unsafe.type}-{_slug(word)}", {*taken, *found.values()})
        found |= dict.fromkeys((unsafe.id, *(mate.id for mate in mates)), name)
    for one in (draft for draft in drafts if draft.label == "safe" and draft.id not in found):
        groups = [record for record in records if record.label == "unsafe" and record.pair_id and _share(one, record)]
        if groups:  # the same form of the word rather than another one
            found[one.id] = str(min(groups, key=lambda record: not {*record.focus} & {*one.focus}).pair_id)
    return found


def _matched(drafts: Sequence[Record]) -> Iterator[tuple[Record, list[Record]]]:
    """Each unsafe draft that has safe ones to itself, with these."""
    unsafe = [draft for draft in drafts if draft.label == "unsafe"]
    mates: dict[str, list[Record]] = {draft.id: [] for draft in unsafe}
    for one in (draft for draft in drafts if draft.label == "safe"):
        fitting = [mates[two.id] for two in unsafe if _share(one, two)]
        if fitting:
            min(fitting, key=len).append(one)
    return ((two, mates[two.id]) for two in unsafe if mates[two.id])


def _share(one: Record, two: Record) -> bool:
    """Whether two prompts could be a pair: one type, one split, a word of the Focus in common."""
    apart = two.scenario_id is not None or (one.type, one.split) != (two.type, two.split)
    return not apart and any(same_word(a, b) for a in one.focus for b in two.focus)


def _paired(draft: Record, pair: str | None) -> Record:
    """The draft in its pair, or with the reason why there is none."""
    if pair or ALONE in draft.why.casefold():
        return draft.model_copy(update={"pair_id": pair})
    return draft.model_copy(update={"why": f"{draft.why} {LONELY[draft.label or 'safe']}"})


def _scenarios(drafts: Sequence[Record], homes: Mapping[str, Record], seen: Collection[str]) -> dict[str, str]:
    """A name, never used before, for each scenario that is new."""
    taken = {*seen, *(name.rpartition("-")[0] for name in seen)}
    names: dict[str, str] = {}
    for draft in drafts:
        if draft.scenario_id and draft.scenario_id not in homes and draft.scenario_id not in names:
            name = f"{SCENARIO}{_slug(_scene(draft.messages[0].content))}"
            names[draft.scenario_id] = _unused(name, {*taken, *names.values()})
    return names


def _scene(text: str) -> str:
    """The two longest words of a dialogue's first turn, which tell scenarios apart well enough."""
    every = list(dict.fromkeys(tokens(text)))
    longest = sorted(every, key=len, reverse=True)[:2]
    return " ".join(word for word in every if word in longest)


def _fitted(draft: Record, beside: Sequence[Record]) -> Record:
    """The draft with its topic spelled, and its Focus word called ordinary or dangerous, as the others have it."""
    for finding in one_spelling_per_topic([*beside, draft]):
        draft = draft.model_copy(update={"topic": beside[finding.other or 0].topic})
    for finding in one_kind_per_word([*beside, draft]):
        kind, context = beside[finding.other or 0].pattern.split()[0], draft.pattern.partition(" ")[2]
        draft = draft.model_copy(update={"pattern": f"{kind} {context}"})
    return draft


def _unused(name: str, taken: Collection[str | None]) -> str:
    """The name, with a number behind it if need be."""
    free = name
    for number in count(2):
        if free not in taken:
            break
        free = f"{name}-{number}"
    return free


def _slug(text: str) -> str:
    """The text as a part of an id."""
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().casefold()
    return re.sub("[^a-z0-9]+", "-", letters).strip("-") or "word"
