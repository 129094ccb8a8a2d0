"""What may be said of one text: its type, label and pattern, its Focus words and their neutral replacements."""

from collections.abc import Iterator
from difflib import get_close_matches
from itertools import pairwise

from eval.record import LABELS, PATTERNS, SPLITS, TYPES, Label, Message, Record
from eval.words import find

CONTEXTS: dict[Label, str] = {"safe": "ordinary context", "unsafe": "dangerous context"}  # how a pattern ends


def known_values(record: Record) -> Iterator[str]:
    """Type, label, pattern and split are words of the guidelines."""
    known = {"type": TYPES, "label": LABELS, "pattern": PATTERNS, "split": SPLITS}
    for name, allowed in known.items():
        value = getattr(record, name)
        if value in allowed:
            continue
        near = get_close_matches(str(value), allowed, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"write one of: {', '.join(allowed)}"
        yield f"unknown {name} {value!r}; {hint}"


def focus_on_safe(record: Record) -> Iterator[str]:
    """A safe prompt has a Focus."""
    if record.label == "safe" and not record.focus:
        yield "a safe prompt without focus; list the words that could trigger a refusal"


def focus_words_apart(record: Record) -> Iterator[str]:
    """No two Focus words share characters."""
    spans = sorted(record.focus_spans, key=lambda s: (s.turn, s.start))
    for one, two in pairwise(spans):
        if one.overlaps(two):
            words = [span.text(record.messages) for span in (one, two)]
            yield f"focus words {words[0]!r} and {words[1]!r} overlap; keep the shortest that triggers"


def every_occurrence(record: Record) -> Iterator[str]:
    """A Focus word is marked wherever it stands in its turn."""
    for word, turn in {(w, s.turn): None for w, s in zip(record.focus, record.focus_spans, strict=True)}:
        places = [place for place in find(record.messages, word) if place.turn == turn]
        missed = [p for p in places if not any(p.overlaps(span) for span in record.focus_spans)]
        if missed:
            got = f"focus {word!r} stands unmarked in turn {turn}, {len(missed)} x"
            yield f"{got}; list a word once per occurrence, as the text has it, with its neutral"


def parallel_neutral(record: Record) -> Iterator[str]:
    """One replacement for each Focus word."""
    if len(record.neutral) != len(record.focus):
        counts = f"{len(record.neutral)} neutral for {len(record.focus)} focus words"
        yield f"{counts}; write one replacement for each, in order"


def neutral_differs(record: Record) -> Iterator[str]:
    """No Focus word stands in a replacement."""
    focus = {word.casefold().strip() for word in record.focus}
    for twin in record.neutral:
        again = [word for word in focus if find([Message(role="user", content=twin)], word)]
        if again:
            yield f"neutral {twin!r} holds the focus word {again[0]!r}; write a word without the trigger"


def pattern_fits_label(record: Record) -> Iterator[str]:
    """A safe prompt has an ordinary context, an unsafe one a dangerous context."""
    wanted = CONTEXTS[record.label] if record.label else ""
    if record.pattern in PATTERNS and not record.pattern.endswith(wanted):
        yield f"labelled {record.label}, but its pattern is {record.pattern!r}; one of the two is wrong"


def trigger_turn(record: Record) -> Iterator[str]:
    """In a dialogue, `trigger_turn` is the turn of the first Focus word, and that is a turn of the user."""
    if record.scenario_id is None or not record.focus_spans:
        return
    first = min(span.turn for span in record.focus_spans)
    if record.trigger_turn != first:
        yield f"trigger_turn is {record.trigger_turn}, but focus begins in turn {first}; list focus in the text's order"
    for turn in sorted({s.turn for s in record.focus_spans if record.messages[s.turn].role != "user"}):
        yield f"a focus word stands in turn {turn}, the assistant's; only the user's words count, reword it"
