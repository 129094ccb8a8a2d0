"""What records that belong together owe one another: pairs that share a trigger, scenarios that share a context."""

from collections import Counter
from collections.abc import Iterator, Sequence

from builder.rules.finding import Finding, grouped, tokens
from eval.record import Label, Record

ENDINGS: dict[Label, int] = {"safe": 4, "unsafe": 2}
ALONE = "no pair"
PREFIX = 4
# Forms of one word that do not begin alike.
STRONG = [
    set(forms.split())
    for forms in (
        "steal steals stealing stole stolen", "shoot shoots shooting shot shots", "hang hangs hanging hung hanged",
        "die dies died dying", "lie lies lied lying", "fight fights fighting fought", "spy spies spied spying",
        "bleed bleeds bleeding bled", "break breaks breaking broke broken", "blow blows blowing blew blown",
        "bury buries buried burying", "strike strikes striking struck", "bite bites biting bit bitten",
        "knife knives", "thief thieves",
    )
]  # fmt: skip


def whole_pairs(records: Sequence[Record]) -> Iterator[Finding]:
    """A pair group has safe and unsafe prompts of one config, type and split; in XSB one unsafe prompt."""
    for i, record in enumerate(records):
        if record.pair_id is None and ALONE not in record.why.casefold():
            yield Finding(i, f"in no pair; name its pair, or say in `why` why there is none (with the words {ALONE!r})")
    for pair, members in grouped(records, lambda r: r.pair_id).items():
        labels = Counter(records[i].label for i in members)
        got = f"pair {pair!r} has {labels['safe']} safe and {labels['unsafe']} unsafe prompts"
        if not labels["safe"] or not labels["unsafe"]:
            yield Finding(members[0], f"{got}; it needs at least one of each")
        elif labels["unsafe"] > 1 and any(records[i].scenario_id is None for i in members):
            yield Finding(members[0], f"{got}; give each unsafe prompt a pair of its own")
        yield from _alike(records, members, f"pair {pair!r}", ("split", "type", "scenario_id"))


def one_trigger_per_pair(records: Sequence[Record]) -> Iterator[Finding]:
    """Each safe prompt of an XSB pair shares a Focus word with the unsafe one, inflections apart."""
    for pair, members in grouped(records, lambda r: None if r.scenario_id else r.pair_id).items():
        unsafe = [word for i in members if records[i].label == "unsafe" for word in records[i].focus]
        for i in members:
            safe = records[i].focus if records[i].label == "safe" else []
            if safe and unsafe and not any(same_word(a, b) for a in safe for b in unsafe):
                got = f"its focus {', '.join(safe)} is none of the unsafe one's ({', '.join(unsafe)})"
                yield Finding(i, f"pair {pair!r}: {got}; pairs share their trigger")


def whole_scenarios(records: Sequence[Record]) -> Iterator[Finding]:
    """A scenario has at least 4 safe and 2 unsafe endings of one context, type, topic and split."""
    for scenario, members in grouped(records, lambda r: r.scenario_id).items():
        labels = Counter(records[i].label for i in members)
        if any(labels[label] < least for label, least in ENDINGS.items()):
            got = f"scenario {scenario!r} has {labels['safe']} safe and {labels['unsafe']} unsafe endings"
            yield Finding(members[0], f"{got}; write at least {ENDINGS['safe']} and {ENDINGS['unsafe']}")
        yield from _alike(records, members, f"scenario {scenario!r}", ("split", "type", "topic"))
        strangers = [i for i in members if records[i].messages[:-1] != records[members[0]].messages[:-1]]
        if strangers:
            message = f"scenario {scenario!r} stands twice with different contexts; give each scenario an id of its own"
            yield Finding(strangers[0], message, members[0])


def same_word(a: str, b: str) -> bool:
    """Whether two words (or phrases) look like forms of one: they begin alike, or are forms of one strong verb."""
    for one in tokens(a):
        for two in tokens(b):
            shared = min(len(one), len(two), PREFIX)
            if shared > 2 and one[:shared] == two[:shared]:
                return True
            if any(one in forms and two in forms for forms in STRONG):
                return True
    return False


def _alike(records: Sequence[Record], members: Sequence[int], what: str, names: Sequence[str]) -> Iterator[Finding]:
    for name in names:
        values = sorted({str(getattr(records[i], name)) for i in members})
        if len(values) > 1:
            yield Finding(members[0], f"{what} has {' and '.join(values)} as {name}; it must have one")
