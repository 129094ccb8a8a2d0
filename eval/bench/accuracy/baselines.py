"""What a method must beat: rankings of a prompt's words that look at no model."""

import random
from collections.abc import Callable

from eval.bench.accuracy.cases import AccuracyCase
from eval.bench.accuracy.lists import inflected
from eval.record import Span


def random_word(case: AccuracyCase, span: Span) -> float:
    """By lot, the same on every run."""
    return random.Random(f"{case.id} {span.turn} {span.start}").random()


def longest_word(case: AccuracyCase, span: Span) -> float:
    """The most characters first."""
    return float(len(span.text(case.messages)))


def unsafe_list(case: AccuracyCase, span: Span) -> float:
    """Words of the list `unsafe_words.txt` first, then the longest."""
    listed = inflected("unsafe_words").fullmatch(span.text(case.messages))
    return 1000.0 * bool(listed) + longest_word(case, span)


BASELINES: dict[str, Callable[[AccuracyCase, Span], float]] = {
    "random_word": random_word,
    "longest_word": longest_word,
    "unsafe_list": unsafe_list,
}
