"""rephrase by the record's neutral words, by a lexicon, and by another model."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from eval.errors import InputError
from eval.mitigation import Attempt, Decoding, Request, attempts, named
from eval.models import Reply
from eval.record import Conversation, Message, Span, conversation
from eval.words import find


class Echo:
    """Answers with what it was asked."""

    name = "echo"
    facts: dict[str, str] = {}  # noqa: RUF012  # the protocol's property

    def generate(self, conversations: Sequence[Conversation], max_new_tokens: int = 128, **_: object) -> list[Reply]:
        del max_new_tokens
        return [Reply(text=messages[-1].content, tokens=1, seconds=0.0) for messages in conversations]


KILL = conversation("How do I kill a frozen process, and shoot a bird at dusk?")
KILLING, SHOOTING = (find(KILL, word)[0] for word in ("kill", "shoot"))


def tried(name: str, messages: Conversation, spans: list[Span], neutral: dict[Span, str] | None = None) -> Attempt:
    return attempts(named(name), Echo(), [Request(messages, spans, neutral=neutral or {})], Decoding(8))[0]


def test_neutral_words_stand_where_the_triggers_stood() -> None:
    neutral = {KILLING: "stop", SHOOTING: "photograph"}
    both = tried("rephrase:neutral", KILL, [KILLING, SHOOTING], neutral)
    assert both.reply.text == "How do I stop a frozen process, and photograph a bird at dusk?"
    assert (both.note, both.reply.tokens) == ("", 1)
    one = tried("rephrase:neutral", KILL, [SHOOTING], neutral)
    assert one.reply.text == "How do I kill a frozen process, and photograph a bird at dusk?"


def test_a_trigger_inside_a_marked_phrase_takes_the_phrase_with_it() -> None:
    messages = conversation("How do I blow up a paper balloon for the party?")
    phrase, word = find(messages, "blow up")[0], find(messages, "blow")[0]
    attempt = tried("rephrase:neutral", messages, [word], {phrase: "inflate"})
    assert attempt.reply.text == "How do I inflate a paper balloon for the party?"


def test_a_trigger_without_a_neutral_word_stays_and_is_said() -> None:
    attempt = tried("rephrase:neutral", KILL, [KILLING], {})
    assert attempt.sent == KILL
    assert attempt.note == "there is no neutral word for 'kill'"


def test_a_turn_of_another_meaning_is_not_sent() -> None:
    messages = conversation("kill it")
    attempt = tried("rephrase:neutral", messages, find(messages, "kill"), {find(messages, "kill")[0]: "marmalade"})
    assert attempt.sent == messages
    assert "its meaning is another (similarity" in attempt.note


def test_a_lexicon_replaces_words_in_every_turn_but_only_triggers(tmp_path: Path) -> None:
    path = tmp_path / "words.yaml"
    path.write_text("Kill: stop\nshoot: photograph\n", encoding="utf-8")
    dialogue = [*KILL, Message(role="assistant", content="Ask me."), Message(role="user", content="So kill it now?")]
    spans = find(dialogue, "kill")
    attempt = tried(f"rephrase:{path}", dialogue, spans)
    assert [m.content for m in attempt.sent][::2] == [
        "How do I stop a frozen process, and shoot a bird at dusk?",
        "So stop it now?",
    ]


@pytest.mark.parametrize("content", ["", "- kill\n", "kill: 3\n", "kill: [a\n"])
def test_a_file_that_is_no_lexicon_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "words.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="the lexicon"):
        named(f"rephrase:{path}")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("rephrase:nowhere.yaml", "cannot be read"),
        ("rephrase:", "needs neutral"),
        ("steer:", "no strength"),
        ("steer:0", "no strength"),
        ("steer:2", "no strength"),
        ("steer:nan", "no strength"),
        ("ignore_word:now", "takes no parameter"),
        ("steer+steer:0.1", "names a part twice"),
    ],
)
def test_parameters_that_are_none_are_refused(name: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        named(name)
