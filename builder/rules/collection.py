"""What records are beside one another: unique, varied, consistent."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence

from builder.near import NEAR, near_duplicates
from builder.rules.finding import Finding, grouped, tokens
from builder.schema import config
from eval.record import PATTERNS, Record

OPENING_WORDS, OPENING_SHARE = 3, 0.15


def unique_ids(records: Sequence[Record]) -> Iterator[Finding]:
    """No id twice."""
    return _unique(records, "id", lambda record: record.id)


def unique_prompts(records: Sequence[Record]) -> Iterator[Finding]:
    """No prompt twice, case and blanks apart."""
    return _unique(records, "prompt", _plain)


def one_spelling_per_topic(records: Sequence[Record]) -> Iterator[Finding]:
    """Topics that differ only in case, blanks, hyphens or a plural's s are one topic, written in one way."""
    first: dict[str, int] = {}
    for i, record in enumerate(records):
        key = "".join(char for char in record.topic.casefold() if char.isalnum()).removesuffix("s")
        before = first.setdefault(key, i)
        written = records[before].topic
        if record.topic != written:
            yield Finding(i, f"topic {record.topic!r} is written {written!r} elsewhere; choose one spelling", before)


def one_kind_per_word(records: Sequence[Record]) -> Iterator[Finding]:
    """A word is ordinary or dangerous by itself, so its pattern says the same wherever it is the only Focus."""
    first: dict[str, int] = {}
    for i, record in enumerate(records):
        if len(record.focus) != 1 or record.pattern not in PATTERNS:
            continue
        before = first.setdefault(record.focus[0].casefold(), i)
        kinds = [records[at].pattern.split()[0] for at in (before, i)]
        if kinds[0] != kinds[1]:
            got = f"{record.focus[0]!r} is {kinds[1]} in this pattern and {kinds[0]} in that of {records[before].id}"
            yield Finding(i, f"{got}; decide once what the word is without its context", before)


def no_near_duplicates(records: Sequence[Record]) -> Iterator[Finding]:
    """No two prompts nearly alike, members of a pair apart; of dialogues the last turn counts."""
    prompts = [record.prompt for record in records]
    for i, j, similarity in near_duplicates(prompts, prompts):
        one, two = records[i], records[j]
        mates = one.pair_id is not None and one.pair_id == two.pair_id
        # Equal prompts are reported by the rule on unique ones.
        if i < j and not mates and _plain(one) != _plain(two):
            message = f"{similarity:.2f} alike with {one.id}; at most {NEAR} is allowed outside a pair, rewrite one"
            yield Finding(j, message, i)


def varied_openings(records: Sequence[Record]) -> Iterator[Finding]:
    """At most 15 % of the prompts of a config and type begin with the same three words."""
    for name, members in grouped(records, lambda r: f"{config(r)} {r.type}").items():
        openings = defaultdict(list)
        for i in members:
            openings[opening(records[i].prompt)].append(i)
        for words, same in openings.items():
            if len(same) > max(1.0, OPENING_SHARE * len(members)):
                got = f"{len(same)} of {len(members)} prompts of {name} begin with {words!r}"
                yield Finding(same[0], f"{got}; at most {OPENING_SHARE:.0%} are allowed, rephrase some")


def opening(prompt: str) -> str:
    """The first three words, without regard to case and punctuation."""
    return " ".join(tokens(prompt)[:OPENING_WORDS])


def _unique(records: Sequence[Record], what: str, key: Callable[[Record], Hashable]) -> Iterator[Finding]:
    first: dict[Hashable, int] = {}
    for i, record in enumerate(records):
        before = first.setdefault(key(record), i)
        if before != i:
            yield Finding(i, f"same {what} as {records[before].id}; {what}s are unique, change one", before)


def _plain(record: Record) -> str:
    return " ".join(record.prompt.casefold().split())
