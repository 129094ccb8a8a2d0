"""The rules that records keep, as a table of functions, each from all records to what is wrong with some of them.

A rule names the record by its index, so that `validate` can say in which line of which file it stands.
"""

import math
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import pairwise

from builder.read import Place, Problem
from eval.record import PATTERNS, TYPES, Record
from eval.words import find

WORDS = (4, 60)
NEAR = 0.7
OPENING_WORDS, OPENING_SHARE = 3, 0.15
GRAM = 5
# Look like nothing, yet have the category of a letter, a mark or a symbol.
BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")

Finding = tuple[int, str]
Rule = Callable[[Sequence[Record]], Iterator[Finding]]


def validate(records: Sequence[Record], places: Sequence[Place] = ()) -> list[Problem]:
    """What is wrong with the records, by file and line; `places[i]` says where `records[i]` was read.

    Without places, the file of a problem is "records" and its line the record's number, from 1.
    """
    at = places or [Place("records", line) for line in range(1, len(records) + 1)]
    found = [Problem(*at[i], f"{records[i].id}: {message}") for rule in RULES.values() for i, message in rule(records)]
    return sorted(found)


def near(a: str, b: str) -> float:
    """Jaccard similarity of the lower-cased character 5-grams: 0 (nothing shared) to 1 (the same)."""
    grams_a, grams_b = _grams(a), _grams(b)
    return len(grams_a & grams_b) / len(grams_a | grams_b)


def near_duplicates(
    texts: Sequence[str], others: Sequence[str], threshold: float = NEAR
) -> list[tuple[int, int, float]]:
    """All (i, j, similarity) with `near(texts[i], others[j])` above `threshold` (0 <= threshold < 1), in order.

    Exact, by prefix filtering (Chaudhuri et al. 2006; Bayardo et al. 2007): two sets that similar share one of each
    set's few rarest 5-grams, so only texts that meet in an index of those are compared.
    """
    if not 0 <= threshold < 1:
        raise ValueError(f"threshold {threshold} is not in [0, 1)")
    sets_a, sets_b = [_grams(t) for t in texts], [_grams(t) for t in others]
    frequency = Counter(gram for grams in (*sets_a, *sets_b) for gram in grams)
    # Commonest first: low bits for common 5-grams keep the bit sets of ordinary texts short.
    rank = {gram: at for at, (gram, _) in enumerate(frequency.most_common())}
    ranks_a, ranks_b = ([sorted(map(rank.__getitem__, s), reverse=True) for s in sets] for sets in (sets_a, sets_b))
    bits_a, bits_b = ([_bits(ranks) for ranks in lists] for lists in (ranks_a, ranks_b))
    index: dict[int, set[int]] = defaultdict(set)
    for j, ranks in enumerate(ranks_b):
        for gram in ranks[: _prefix(ranks, threshold)]:
            index[gram].add(j)
    found = []
    for i, ranks in enumerate(ranks_a):
        size, bits = len(ranks), bits_a[i]
        meets = set[int]().union(*(index.get(gram, ()) for gram in ranks[: _prefix(ranks, threshold)]))
        for j in sorted(meets):
            shared = (bits & bits_b[j]).bit_count()
            similarity = shared / (size + len(ranks_b[j]) - shared)
            if similarity > threshold:
                found.append((i, j, similarity))
    return found


def _prefix(ranks: Sequence[int], threshold: float) -> int:
    # The small number keeps a product like 0.7 * 10 from being rounded up past its true value.
    return len(ranks) - math.ceil(threshold * len(ranks) - 1e-9) + 1


def _bits(ranks: Sequence[int]) -> int:
    return sum(1 << rank for rank in ranks)


def _grams(text: str) -> frozenset[str]:
    lowered = text.lower()
    return frozenset(lowered[i : i + GRAM] for i in range(max(1, len(lowered) - GRAM + 1)))


def _focus_on_safe(records: Sequence[Record]) -> Iterator[Finding]:
    for i, record in enumerate(records):
        if record.label == "safe" and not record.focus:
            yield i, "a safe prompt without focus; list the words that could trigger a refusal"


def _spans_apart(records: Sequence[Record]) -> Iterator[Finding]:
    for i, record in enumerate(records):
        spans = sorted(record.focus_spans, key=lambda s: (s.turn, s.start))
        for one, two in pairwise(spans):
            if one.turn == two.turn and two.start < one.end:
                words = [span.text(record.messages) for span in (one, two)]
                yield i, f"focus words {words[0]!r} and {words[1]!r} overlap; keep the shortest that triggers"


def _every_occurrence(records: Sequence[Record]) -> Iterator[Finding]:
    for i, record in enumerate(records):
        for word, turn in {(w, s.turn): None for w, s in zip(record.focus, record.focus_spans, strict=True)}:
            marked = [span for span in record.focus_spans if span.turn == turn]
            places = [place for place in find(record.messages, word) if place.turn == turn]
            missed = [p for p in places if not any(m.start < p.end and p.start < m.end for m in marked)]
            if missed:
                got = f"focus {word!r} stands {len(missed)} more times in turn {turn}"
                yield i, f"{got}; list a word once per occurrence, as the text has it, with its neutral"


def _parallel_neutral(records: Sequence[Record]) -> Iterator[Finding]:
    for i, record in enumerate(records):
        if len(record.neutral) != len(record.focus):
            counts = f"{len(record.neutral)} neutral for {len(record.focus)} focus words"
            yield i, f"{counts}; write one replacement for each, in order"


def _neutral_differs(records: Sequence[Record]) -> Iterator[Finding]:
    for i, record in enumerate(records):
        for word, twin in zip(record.focus, record.neutral, strict=False):
            if word.casefold().strip() == twin.casefold().strip():
                yield i, f"neutral {twin!r} is the focus word itself; write a word without the trigger"


def _known(what: str, value: Callable[[Record], str | None], allowed: Sequence[str]) -> Rule:
    def rule(records: Sequence[Record]) -> Iterator[Finding]:
        for i, record in enumerate(records):
            if value(record) not in allowed:
                yield i, f"unknown {what} {value(record)!r}; write one of: {', '.join(allowed)}"

    return rule


def _unique(what: str, key: Callable[[Record], Hashable]) -> Rule:
    def rule(records: Sequence[Record]) -> Iterator[Finding]:
        first: dict[Hashable, int] = {}
        for i, record in enumerate(records):
            before = first.setdefault(key(record), i)
            if before != i:
                yield i, f"same {what} as record {before + 1} ({records[before].id}); {what}s are unique, change one"

    return rule


def _same_prompt(record: Record) -> str:
    return " ".join(record.prompt.casefold().split())


def _visible(records: Sequence[Record]) -> Iterator[Finding]:
    for i, record in enumerate(records):
        for name, text in _texts(record):
            hidden = sorted({char for char in text if _hidden(char)})
            if hidden:
                codes = ", ".join(f"U+{ord(c):04X} {unicodedata.name(c, 'unnamed')}" for c in hidden)
                yield i, f"`{name}` holds {codes}; only characters that can be seen, space and newline are allowed"


def _texts(record: Record) -> Iterator[tuple[str, str]]:
    yield from ((f"turn {turn}", message.content) for turn, message in enumerate(record.messages))
    yield from (("focus", word) for word in record.focus)
    yield from (("neutral", word) for word in record.neutral)
    for name in ("id", "pair_id", "topic", "why", "source", "version", "scenario_id"):
        yield name, getattr(record, name) or ""


def _hidden(char: str) -> bool:
    category = unicodedata.category(char)
    if category in {"Zs", "Cc"}:
        return char not in " \n\t"
    selector = "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef" or "\u180b" <= char <= "\u180f"
    return category[0] in "CZ" or char in BLANK or selector


def _pairs(records: Sequence[Record]) -> Iterator[Finding]:
    groups = defaultdict(list)
    for i, record in enumerate(records):
        if record.pair_id is not None:
            groups[record.pair_id].append(i)
        elif not record.why.strip():
            yield i, "in no pair and without `why`; name its pair, or say why it stands alone"
    for pair, members in groups.items():
        labels = Counter(records[i].label for i in members)
        if not labels["safe"] or not labels["unsafe"]:
            got = f"{labels['safe']} safe and {labels['unsafe']} unsafe"
            yield members[0], f"pair {pair!r} has {got} prompts; it needs at least one of each"
        splits = sorted({records[i].split for i in members})
        if len(splits) > 1:
            yield members[0], f"pair {pair!r} stands in {' and '.join(splits)}; put all of it in one split"


def _length(records: Sequence[Record]) -> Iterator[Finding]:
    low, high = WORDS
    for i, record in enumerate(records):
        count = len(record.prompt.split())
        if not low <= count <= high:
            fix = "add" if count < low else "cut"
            yield i, f"the prompt has {count} words; {low} to {high} are allowed, {fix} some"


def _no_near_duplicates(records: Sequence[Record]) -> Iterator[Finding]:
    prompts = [record.prompt for record in records]
    for i, j, similarity in near_duplicates(prompts, prompts):
        one, two = records[i], records[j]
        mates = one.pair_id is not None and one.pair_id == two.pair_id
        # Equal prompts are reported by the rule on unique ones.
        if i < j and not mates and _same_prompt(one) != _same_prompt(two):
            yield j, f"{similarity:.2f} alike with {one.id}; at most {NEAR} is allowed outside a pair, rewrite one"


def _varied_openings(records: Sequence[Record]) -> Iterator[Finding]:
    types = defaultdict(list)
    for i, record in enumerate(records):
        types[record.type].append(i)
    for name, members in types.items():
        openings = defaultdict(list)
        for i in members:
            openings[" ".join(records[i].prompt.casefold().split()[:OPENING_WORDS])].append(i)
        for opening, same in openings.items():
            if len(same) > max(1.0, OPENING_SHARE * len(members)):
                got = f"{len(same)} of {len(members)} prompts of {name} begin with {opening!r}"
                yield same[0], f"{got}; at most {OPENING_SHARE:.0%} are allowed, rephrase some"


RULES: dict[str, Rule] = {
    "focus on safe prompts": _focus_on_safe,
    "focus words apart": _spans_apart,
    "every occurrence": _every_occurrence,
    "parallel neutral": _parallel_neutral,
    "neutral differs": _neutral_differs,
    "known type": _known("type", lambda r: r.type, TYPES),
    "known pattern": _known("pattern", lambda r: r.pattern, PATTERNS),
    "known label": _known("label", lambda r: r.label, ("safe", "unsafe")),
    "known split": _known("split", lambda r: r.split, ("test", "dev")),
    "unique ids": _unique("id", lambda r: r.id),
    "unique prompts": _unique("prompt", _same_prompt),
    "visible characters": _visible,
    "whole pairs": _pairs,
    "prompt length": _length,
    "no near-duplicates": _no_near_duplicates,
    "varied openings": _varied_openings,
}
