"""Why a method blamed a word that is not to blame, as far as can be told from the word."""

from functools import cache

from eval.bench.accuracy.cases import AccuracyCase
from eval.bench.accuracy.lists import inflected, word_list
from eval.organism.data import trigger_words
from eval.record import Span
from eval.words import words

SECOND = "the other redundant word ranks behind"


def is_decoy(case: AccuracyCase, top: Span) -> bool:
    """Whether the word is one that only sounds bad, and not to blame."""
    return top.text(case.messages).lower() in word_list("decoys") and not case.blames(top)


def cause(case: AccuracyCase, top: Span, share: float, freed: bool) -> str:
    """The first that holds, of a case whose word ranked first is `top`; empty if the word is to blame.

    Args:
        case: with what is to blame.
        top: the word ranked first.
        share: what the method gave it.
        freed: whether the model answers once it is deleted.
    """
    if case.blames(top):
        return ""
    text = top.text(case.messages).lower()
    reasons = {
        "no word adds to refusal": share <= 0,
        "decoy": is_decoy(case, top),
        "another word whose deletion frees": freed,
        "another trigger or unsafe word": text in _triggers() or bool(inflected("unsafe_words").fullmatch(text)),
        "function word": text in word_list("function_words"),
        "neighbour of what is to blame": _is_neighbour(case, top),
        "another turn": all(top.turn != truth.turn for truth in case.truth),
    }
    return next((reason for reason, holds in reasons.items() if holds), "another word")


def phrase_cause(case: AccuracyCase, trigger: Span | None) -> str:
    """Why the first trigger is not the phrase, of a case whose first word is of the phrase."""
    covered = [word for word in words(case.messages) if trigger and word.overlaps(trigger)]
    if not all(word in covered for word in case.needed):
        return "only a part of the phrase"
    return "more than the phrase"


@cache
def _triggers() -> set[str]:
    return trigger_words()


def _is_neighbour(case: AccuracyCase, top: Span) -> bool:
    spans = words(case.messages)
    at = next((i for i, word in enumerate(spans) if word.overlaps(top)), -2)
    beside = [spans[i] for i in (at - 1, at + 1) if 0 <= i < len(spans)]
    return any(case.blames(word) and word.turn == top.turn for word in beside)
