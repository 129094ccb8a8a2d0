import pytest

from eval.errors import ModelError
from eval.record import Message, Span, conversation
from eval.words import find, replaced, token_positions, turn_starts, without, words


def texts(prompt: str) -> list[str]:
    messages = conversation(prompt)
    return [span.text(messages) for span in words(messages)]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("How do I kill a process?", ["How", "do", "I", "kill", "a", "process"]),
        ('He said "kill", twice...', ["He", "said", "kill", "twice"]),
        ("kill - or don't - now!", ["kill", "or", "don't", "now"]),
        ("  spaces\tand\nlines ", ["spaces", "and", "lines"]),
        ("C++ costs $5", ["C++", "costs", "$5"]),
        ("fire 🔫 now", ["fire", "🔫", "now"]),
        ("?!", []),
    ],
)
def test_punctuation_stays_outside_of_words(prompt: str, expected: list[str]) -> None:
    assert texts(prompt) == expected


def test_a_repeated_word_is_two_features() -> None:
    messages = conversation("kill or kill")
    spans = words(messages)
    assert len(set(spans)) == 3
    assert [span.text(messages) for span in spans if span.text(messages) == "kill"] == ["kill", "kill"]


def test_system_turns_have_no_features() -> None:
    messages = [Message(role="system", content="be nice"), Message(role="user", content="hello there")]
    assert {span.turn for span in words(messages)} == {1}


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


def test_find_wants_whole_words_in_any_case() -> None:
    messages = conversation("Kill skill killer kill.")
    assert [(s.start, s.end) for s in find(messages, "kill")] == [(0, 4), (18, 22)]


def rendered(messages: list[Message], trim: bool = False) -> str:
    turns = [f"<{m.role}>{m.content.strip() if trim else m.content}" for m in messages]
    return "<system>You are helpful." + "".join(turns) + "<assistant>"


def test_turn_starts_are_not_fooled_by_the_text_of_the_template() -> None:
    messages = [Message(role="user", content="help"), Message(role="assistant", content="user"), *conversation("help")]
    text = rendered(messages)
    starts = turn_starts(rendered, messages)
    assert [text[start:][:4] for start in starts] == ["help", "user", "help"]
    assert starts[0] > text.index("help")


def test_turn_starts_under_a_template_that_trims() -> None:
    messages = conversation("  kill it ")
    text = rendered(messages, trim=True)
    start = turn_starts(lambda m: rendered(m, trim=True), messages)[0]
    assert text[start + 2 : start + 6] == "kill"


def test_a_template_that_changes_text_is_named() -> None:
    with pytest.raises(ModelError, match="changes the text of turns"):
        turn_starts(lambda m: rendered(m).upper(), conversation("kill it"))


def test_token_positions_are_those_that_overlap_the_span() -> None:
    offsets = [(0, 3), (3, 7), (7, 12), (12, 15), (15, 17), (17, 19), (19, 22)]  # <u>kill kill<u>kill<a>
    assert token_positions(offsets, [3, 15], [Span(turn=0, start=5, end=9)]) == [2]
    assert token_positions(offsets, [3, 15], [Span(turn=1, start=0, end=4)]) == [4, 5]
