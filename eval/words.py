"""What a feature is: a word, as a character span in a turn; its sentence; and texts with some of the words removed.

Words are split at white space; punctuation around a word stays in the text but not in its span, so that a trigger
reads "kill" and not "kill?". Scripts without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese; Tibetan by
syllables) are cut by ICU's rules and dictionaries, which icu4py bundles; letters of other scripts among them are words
of their own. So is each emoji, since it can be the trigger, also where it hangs on a word. No span cuts a grapheme
cluster (https://www.unicode.org/reports/tr29/). Template and special tokens are never features.
"""

from collections.abc import Collection, Iterator, Sequence

import regex

from eval.record import Conversation, Span

SPACELESS = (  # marks that several scripts share, such as the Japanese long vowel's, are named one by one
    r"[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u3006\u3031-\u3035\u303c\u3099-\u309c\u30fc\uff70"
    r"\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Tibetan}]"
)
EMOJI = (  # shown as a picture: by nature, by what follows it, a flag, a keycap; (c) and the like are letters
    r"(?:\p{Emoji_Presentation}|\p{ExtPict}(?:\ufe0f|\p{Emoji_Modifier}|\u200d\p{ExtPict})|\p{RI}"
    r"|[0-9#*]\ufe0f?\u20e3)"
)
KEPT = r"[^\s\p{P}\p{C}\p{Z}]"
BEHIND, AHEAD = r"(?<![\p{L}\p{N}]\p{M}*)", r"(?![\p{L}\p{N}\p{M}])"  # where no letter goes on

UNUSUAL = regex.compile(r"[^\x00-\u0dff\u2010-\u20bf]")  # what SPECIAL matches has one of these, found ten times faster
SPECIAL = regex.compile(rf"{SPACELESS}|{EMOJI}")
WORD = regex.compile(  # begins with no mark that sits on punctuation, ends with all marks of its last letter
    rf"(?!(?<=\S)[\p{{GCB=Extend}}\p{{GCB=SpacingMark}}])\p{{GCB=Prepend}}*{KEPT}(?:\S*{KEPT})?[\p{{GCB=Extend}}\u200d]*"
)
PIECE = regex.compile(
    rf"(?P<emoji>(?={EMOJI})\X)|(?P<run>(?:(?!{EMOJI})(?={SPACELESS})\X)+)|(?P<spaced>(?:(?!{EMOJI}|{SPACELESS})(?:\s|\X))+)"
)
CLUSTER, GOES_ON, UNSPACED = regex.compile(r"\s|\X"), regex.compile(KEPT), regex.compile(SPACELESS)
BEGINS, ENDS = regex.compile(BEHIND), regex.compile(AHEAD)


def words(messages: Conversation) -> list[Span]:
    """The words of all turns but the system's, in reading order."""
    return [
        Span(turn=turn, start=start, end=end)
        for turn, message in enumerate(messages)
        if message.role != "system"
        for start, end in _places(message.content)
    ]


def sentences(messages: Conversation) -> list[Span]:
    """The sentences of all turns but the system's, in reading order, without the blanks around them.

    Cut by ICU's rules, which know no abbreviations and no sentences of Thai. A cut inside a word ("yes!no") is none,
    and what has no word ("...") is no sentence, so every word lies in exactly one.
    """
    return [
        Span(turn=turn, start=start, end=end)
        for turn, message in enumerate(messages)
        if message.role != "system"
        for start, end in _sentences(message.content)
    ]


def without(messages: Conversation, removed: Collection[Span]) -> Conversation:
    """The conversation with the spans deleted, each with the blanks before it; at a line's start, those after it.

    Where the text goes on right after a word, as in scripts without spaces, the blanks before it stay.
    """
    return replaced(messages, dict.fromkeys(removed, ""))


def without_one(messages: Conversation, spans: Sequence[Span], at: int) -> tuple[Conversation, list[Span]]:
    """The conversation with the span at this index deleted, and where the other spans, disjoint from it, stand then."""
    gone = spans[at]
    shorter = without(messages, [gone])
    by = len(messages[gone.turn].content) - len(shorter[gone.turn].content)
    others = [span for span in spans if span != gone]
    behind = [span.turn == gone.turn and span.start > gone.start for span in others]
    moved = [
        span.model_copy(update={"start": span.start - by, "end": span.end - by}) if is_behind else span
        for span, is_behind in zip(others, behind, strict=True)
    ]
    return shorter, moved


def replaced(messages: Conversation, replacements: dict[Span, str]) -> Conversation:
    """The conversation with each span replaced by its text; an empty text deletes the word and the blanks beside it."""
    result = []
    for turn, message in enumerate(messages):
        spans = sorted((s for s in replacements if s.turn == turn), key=lambda s: s.start, reverse=True)
        text = message.content
        for span in spans:
            before, after = text[: span.start], text[span.end :]
            new = replacements[span]
            if not new:
                goes_on = after[:1] not in " \t\n" and GOES_ON.match(after)
                before = before if goes_on else before.rstrip(" \t")
                after = after if before and not before.endswith("\n") else after.lstrip(" \t")
            text = before + new + after
        result.append(message.model_copy(update={"content": text}))
    return result


def find(messages: Conversation, word: str) -> list[Span]:
    """Every place where `word` (or a phrase) stands as a whole word, without regard to case, system turns apart.

    In scripts without spaces a whole word is one that begins and ends where `words` do. A turn that has it only inside
    of longer words gives those places: an annotator need not cut as the dictionary does.
    """
    pattern = regex.compile(BEHIND + regex.escape(word) + AHEAD, regex.IGNORECASE)
    return [
        Span(turn=turn, start=start, end=end)
        for turn, message in enumerate(messages)
        if message.role != "system"
        for start, end in (
            _find_among_special(message.content, word)
            if _is_special(message.content)
            else (match.span() for match in pattern.finditer(message.content))
        )
    ]


def find_all(messages: Conversation, named: Collection[str]) -> list[Span]:
    """Every place of every one of these words or phrases, in reading order; of places that overlap the longest."""
    found = {span for word in named if word for span in find(messages, word)}
    kept: list[Span] = []
    for span in sorted(found, key=lambda span: span.start - span.end):
        if not any(span.overlaps(other) for other in kept):
            kept.append(span)
    return sorted(kept, key=lambda span: (span.turn, span.start))


def _is_special(text: str) -> bool:
    """Whether white space alone does not separate the words."""
    return not text.isascii() and UNUSUAL.search(text) is not None and SPECIAL.search(text) is not None


def _places(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each word."""
    if not _is_special(text):
        yield from (match.span() for match in WORD.finditer(text))
        return
    for piece in PIECE.finditer(text):
        start = piece.start()
        if piece.lastgroup == "emoji":
            yield piece.span()
            continue
        for part in _by_dictionary(piece.group()) if piece.lastgroup == "run" else [piece.group()]:
            yield from ((start + match.start(), start + match.end()) for match in WORD.finditer(part))
            start += len(part)


def _by_dictionary(run: str) -> Iterator[str]:
    """The parts of a run of letters without spaces; the dictionaries are read when the first such text comes."""
    from icu4py.breakers import WordBreaker

    cuts = {cluster.end() for cluster in CLUSTER.finditer(run)}
    start = end = 0
    for part in WordBreaker(run, "root"):
        end += len(part)
        if end in cuts:
            yield run[start:end]
            start = end


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    from icu4py.breakers import SentenceBreaker

    places = list(_places(text))
    starts, inside = {start for start, _ in places}, {i for start, end in places for i in range(start + 1, end)}
    begin = end = 0
    for part in SentenceBreaker(regex.sub(r"\p{Cs}", "\ufffd", text), "root"):  # ICU takes no half of a pair
        end += len(part)
        if end in inside:
            continue
        if not starts.isdisjoint(range(begin, end)):
            sentence = text[begin:end]
            yield end - len(sentence.lstrip()), begin + len(sentence.rstrip())
        begin = end


def _find_among_special(text: str, word: str) -> list[tuple[int, int]]:
    clusters = {0} | {cluster.end() for cluster in CLUSTER.finditer(text)}
    cuts = {end for place in _places(text) for end in place}
    matches = regex.finditer(regex.escape(word), text, regex.IGNORECASE)
    places = [match.span() for match in matches if clusters.issuperset(match.span())]
    for inside in (False, True):
        found = [
            (start, end)
            for start, end in places
            if (start in cuts or BEGINS.match(text, start) or (inside and UNSPACED.match(text, start)))
            and (end in cuts or ENDS.match(text, end) or (inside and UNSPACED.match(text, end - 1)))
        ]
        if found:
            return found
    return []
