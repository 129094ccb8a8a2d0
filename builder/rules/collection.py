"""What records are to one another: unique, in whole pairs and scenarios, varied."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from difflib import SequenceMatcher

from builder.near import NEAR, near_duplicates
from eval.record import Label, Record

Finding = tuple[int, str]

OPENING_WORDS, OPENING_SHARE = 3, 0.15
ENDINGS: dict[Label, int] = {"safe": 4, "unsafe": 2}
SAME_WORD = 0.5


def unique_ids(records: Sequence[Record]) -> Iterator[Finding]:
    """No id twice."""
    return _unique(records, "id", lambda record: record.id)


def unique_prompts(records: Sequence[Record]) -> Iterator[Finding]:
    """No prompt twice, case and blanks apart."""
    return _unique(records, "prompt", _plain)


def whole_pairs(records: Sequence[Record]) -> Iterator[Finding]:
    """A pair group has safe and unsafe prompts, all in one split; in XSB one unsafe prompt."""
    for i, record in enumerate(records):
        if record.pair_id is None and not record.why.strip():
            yield i, "in no pair and without `why`; name its pair, or say why it stands alone"
    for pair, members in _groups(records, lambda r: r.pair_id).items():
        labels = Counter(records[i].label for i in members)
        got = f"pair {pair!r} has {labels['safe']} safe and {labels['unsafe']} unsafe prompts"
        if not labels["safe"] or not labels["unsafe"]:
            yield members[0], f"{got}; it needs at least one of each"
        elif labels["unsafe"] > 1 and records[members[0]].scenario_id is None:
            yield members[0], f"{got}; give each unsafe prompt a pair of its own"
        yield from _one_split(records, members, f"pair {pair!r}")


def one_trigger_per_pair(records: Sequence[Record]) -> Iterator[Finding]:
    """Each safe prompt of an XSB pair shares a Focus word with the unsafe one, inflections apart."""
    for pair, members in _groups(records, lambda r: None if r.scenario_id else r.pair_id).items():
        unsafe = [word for i in members if records[i].label == "unsafe" for word in records[i].focus]
        for i in members:
            safe = records[i].focus if records[i].label == "safe" else []
            if safe and unsafe and not any(_same_word(a, b) for a in safe for b in unsafe):
                got = f"its focus {', '.join(safe)} is none of the unsafe one's ({', '.join(unsafe)})"
                yield i, f"pair {pair!r}: {got}; pairs share their trigger"


def whole_scenarios(records: Sequence[Record]) -> Iterator[Finding]:
    """A scenario has at least 4 safe and 2 unsafe endings, in one split."""
    for scenario, members in _groups(records, lambda r: r.scenario_id).items():
        labels = Counter(records[i].label for i in members)
        if any(labels[label] < least for label, least in ENDINGS.items()):
            got = f"scenario {scenario!r} has {labels['safe']} safe and {labels['unsafe']} unsafe endings"
            yield members[0], f"{got}; write at least {ENDINGS['safe']} and {ENDINGS['unsafe']}"
        yield from _one_split(records, members, f"scenario {scenario!r}")


def one_spelling_per_topic(records: Sequence[Record]) -> Iterator[Finding]:
    """Topics that differ only in case, blanks, hyphens or a plural's s are one topic, written in one way."""
    first: dict[str, str] = {}
    for i, record in enumerate(records):
        key = "".join(char for char in record.topic.casefold() if char.isalnum()).removesuffix("s")
        before = first.setdefault(key, record.topic)
        if before != record.topic:
            yield i, f"topic {record.topic!r} is written {before!r} elsewhere; choose one spelling"


def no_near_duplicates(records: Sequence[Record]) -> Iterator[Finding]:
    """No two prompts nearly alike, members of a pair apart; of dialogues the last turn counts."""
    prompts = [record.prompt for record in records]
    for i, j, similarity in near_duplicates(prompts, prompts):
        one, two = records[i], records[j]
        mates = one.pair_id is not None and one.pair_id == two.pair_id
        # Equal prompts are reported by the rule on unique ones.
        if i < j and not mates and _plain(one) != _plain(two):
            yield j, f"{similarity:.2f} alike with {one.id}; at most {NEAR} is allowed outside a pair, rewrite one"


def varied_openings(records: Sequence[Record]) -> Iterator[Finding]:
    """At most 15 % of a type's prompts begin with the same three words."""
    for name, members in _groups(records, lambda r: r.type).items():
        openings = defaultdict(list)
        for i in members:
            openings[opening(records[i])].append(i)
        for words, same in openings.items():
            if len(same) > max(1.0, OPENING_SHARE * len(members)):
                got = f"{len(same)} of {len(members)} prompts of {name} begin with {words!r}"
                yield same[0], f"{got}; at most {OPENING_SHARE:.0%} are allowed, rephrase some"


def opening(record: Record) -> str:
    """The first three words of the prompt, without regard to case."""
    return " ".join(record.prompt.casefold().split()[:OPENING_WORDS])


def _groups(records: Sequence[Record], key: Callable[[Record], str | None]) -> dict[str, list[int]]:
    """The indices of the records with each key; None is no key."""
    groups = defaultdict(list)
    for i, record in enumerate(records):
        if (name := key(record)) is not None:
            groups[name].append(i)
    return groups


def _one_split(records: Sequence[Record], members: Sequence[int], what: str) -> Iterator[Finding]:
    splits = sorted({records[i].split for i in members})
    if len(splits) > 1:
        yield members[0], f"{what} stands in {' and '.join(splits)}; put all of it in one split"


def _unique(records: Sequence[Record], what: str, key: Callable[[Record], Hashable]) -> Iterator[Finding]:
    first: dict[Hashable, int] = {}
    for i, record in enumerate(records):
        before = first.setdefault(key(record), i)
        if before != i:
            yield i, f"same {what} as record {before + 1} ({records[before].id}); {what}s are unique, change one"


def _plain(record: Record) -> str:
    return " ".join(record.prompt.casefold().split())


def _same_word(a: str, b: str) -> bool:
    """Whether two words look like forms of one, strong verbs (steal, stole) included."""
    return SequenceMatcher(None, a.casefold(), b.casefold()).ratio() >= SAME_WORD
