"""Texts with some of their words deleted or replaced, and where the other words stand then."""

import pytest

from eval.record import Message, conversation
from eval.words import find, replaced, without, without_one, words


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("kill", "How do I a process?"),
        ("How", "do I kill a process?"),
        ("process", "How do I kill a?"),
        ("do", "How I kill a process?"),
    ],
)
def test_a_deleted_word_takes_one_space_with_it(word: str, expected: str) -> None:
    messages = conversation("How do I kill a process?")
    assert without(messages, find(messages, word))[0].content == expected


def test_a_deleted_word_leaves_the_line_breaks() -> None:
    messages = conversation("Fix this:\n\nkill it now")
    assert without(messages, find(messages, "kill"))[0].content == "Fix this:\n\nit now"
    assert without(messages, find(messages, "this"))[0].content == "Fix:\n\nkill it now"


@pytest.mark.parametrize(
    ("prompt", "word", "expected"),
    [
        ("如何杀死进程？", "杀死", "如何进程？"),
        ("请 kill掉 进程", "kill", "请 掉 进程"),
        ("请 kill 进程", "kill", "请 进程"),
        ("fire 🔫now", "🔫", "fire now"),
        ("fire🔫 now", "🔫", "fire now"),
        ("kill 🔫🔫", "🔫", "kill"),
        ("🔫 now", "🔫", "now"),
    ],
)
def test_a_deleted_word_takes_no_space_where_the_text_goes_on(prompt: str, word: str, expected: str) -> None:
    messages = conversation(prompt)
    assert without(messages, find(messages, word))[0].content == expected


def test_deleting_nothing_changes_nothing_and_everything_leaves_punctuation() -> None:
    messages = conversation("Kill it, now!")
    assert without(messages, []) == messages
    assert without(messages, words(messages))[0].content.strip() == ",!"


def test_replacements_of_several_spans_keep_the_rest() -> None:
    messages = conversation("shoot the bride, then shoot the cake")
    first, second = find(messages, "shoot")
    assert replaced(messages, {first: "film", second: "photograph"})[0].content == (
        "film the bride, then photograph the cake"
    )


@pytest.mark.parametrize("at", range(7))
def test_the_other_words_move_with_a_deleted_one(at: int) -> None:
    messages = [Message(role="user", content="kill\n it  now,"), *conversation("(really) kill it: 杀死")]
    spans = words(messages)
    shorter, moved = without_one(messages, spans, at)
    assert shorter == without(messages, [spans[at]])
    assert [s.text(shorter) for s in moved] == [s.text(messages) for s in spans if s != spans[at]]
