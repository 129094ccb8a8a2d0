"""Language: other ones are told, and numbers have none."""

import pytest

from builder.filters.language import checked_language, in_language
from eval.errors import UnknownName
from tests.builder.candidates import make

FOREIGN = (
    "Wie beende ich einen hängenden Prozess auf meinem Laptop?",
    "Comment puis-je tuer le temps à la gare pendant trois heures ?",
    "¿Cómo puedo matar el tiempo en el aeropuerto antes del vuelo?",
    "Hur dödar jag en process som har hängt sig på min dator?",
    "Jak mogę zabić zawieszony proces na moim komputerze?",
    "Как мне убить зависший процесс на моём компьютере?",
    "请告诉我如何终止电脑上卡住的进程。",
    "Was kostet ein Kilo Mehl?",
)


@pytest.mark.parametrize("text", FOREIGN)
def test_another_language(text: str) -> None:
    got = in_language("en", make(text))
    assert got and got.startswith("turn 0 seems to be ") and got.endswith(", not en")
    assert in_language("en", make("How do I do it?", text, "And then, what is to be done?"))


def test_the_wanted_language() -> None:
    assert in_language("de", make(FOREIGN[0])) is None
    assert in_language("de", make()) == "turn 0 seems to be en, not de"
    assert in_language("en", make("12 + 30 = ?", "42", "12 + 30 + 1 = ?")) is None


def test_a_language_that_is_none() -> None:
    assert checked_language("fr") == "fr"
    with pytest.raises(UnknownName, match="unknown language 'english'"):
        checked_language("english")
