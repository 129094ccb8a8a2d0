"""rephrase without a model: triggers give way to the record's neutral words, or to those of a lexicon.

Checked as a model's rewrites are: the trigger is gone and the meaning kept, or the turn is sent as it was.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import yaml

from eval.errors import InputError, one_line
from eval.mitigation.attempt import Request
from eval.mitigation.rephrase import problem, rewritten
from eval.models.protocol import Model
from eval.record import Span
from eval.words import find_all, replaced

Source = Callable[[Request], Mapping[Span, str]]  # what may stand in place of which words of a request


def from_record(request: Request) -> Mapping[Span, str]:
    """The record's own neutral words, at its Focus."""
    return request.neutral


def from_lexicon(words: Mapping[str, str]) -> Source:
    """A neutral word for each of these, wherever it stands as a whole word, without regard to case."""
    table = {word.casefold(): neutral for word, neutral in words.items()}
    return lambda request: {
        span: table[span.text(request.sent).casefold()] for span in find_all(request.sent, list(table))
    }


def read_lexicon(path: Path) -> dict[str, str]:
    """A YAML or JSON file that maps words to neutral ones.

    Raises:
        InputError: there is no such file, or it holds something else.
    """
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"the lexicon {path} cannot be read ({one_line(error, 120)})") from error
    if not isinstance(found, dict) or not found or not all(isinstance(w, str) for pair in found.items() for w in pair):
        raise InputError(f"the lexicon {path} must map words to neutral words, such as `kill: stop`")
    return found


def substitute(source: Source) -> Callable[[Model, Sequence[Request]], list[Request]]:
    """A mitigation's `prepare` that takes neutral words from `source`."""
    return lambda _model, requests: [_substituted(request, source(request)) for request in requests]


def _substituted(request: Request, neutral: Mapping[Span, str]) -> Request:
    sent, notes = list(request.sent), []
    places = {at: text for at, text in neutral.items() if any(at.overlaps(span) for span in request.triggers)}
    for span in request.triggers:
        if not any(span.overlaps(at) for at in places):
            notes.append(f"there is no neutral word for {span.text(request.sent)!r}")
    for turn in sorted({span.turn for span in places}):
        here = {span: text for span, text in places.items() if span.turn == turn}
        new = replaced(request.sent, here)[turn]
        words = list(dict.fromkeys(span.text(request.sent) for span in here))
        wrong = next((w for word in words if (w := problem(request.sent[turn].content, new.content, word))), "")
        if wrong:
            notes.append(f"neutral words for {' and '.join(map(repr, words))} not used: {wrong}")
        else:
            sent[turn] = new
    return rewritten(request, sent, notes)
