"""Language: every turn is in the wanted one, by py3langid's probability.

A short English text often looks like another language, but never as clearly as a text in that one does: of the 1,882
different turns of XSB and MS-XSB, whose English nobody doubts, the least English one is half as likely to be English as
to be what it is taken for, while of 25 short texts in 18 other languages none is more than 0.2 % as likely. The bound
lies between. A text without letters is as likely in all languages, and passes.
"""

from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from builder.candidate import Candidate
from eval.errors import UnknownName

LEAST = 0.02  # of the likeliest language's probability


def in_language(language: str, candidate: Candidate) -> str | None:
    """Which turn is not in `language` (a two-letter ISO 639 code), and what it seems to be; None if all are."""
    for turn, message in enumerate(candidate.messages):
        best, probability = identifier().classify(message.content)
        if best != language and dict(identifier().rank(message.content))[language] < LEAST * probability:
            return f"turn {turn} seems to be {best}, not {language}"
    return None


def checked_language(language: str) -> str:
    """The code itself.

    Raises:
        UnknownName: py3langid does not know it.
    """
    if language not in (known := identifier().labels):
        raise UnknownName("language", language, known)
    return language


@cache
def identifier() -> LanguageIdentifier:
    """The model that comes with py3langid, about 75 MB, loaded once and shared by processes that are forked later."""
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
