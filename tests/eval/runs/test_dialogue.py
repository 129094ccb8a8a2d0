from collections.abc import Sequence

from eval.models import Reply
from eval.record import Conversation, Message, Record, Span
from eval.runs.dialogue import told


class Counting:
    """Answers with the number of turns that it was given; keeps what it was asked."""

    name = "counting"
    facts: dict[str, str] = {}  # noqa: RUF012  # the protocol's property

    def __init__(self) -> None:
        self.asked: list[int] = []

    def generate(self, conversations: Sequence[Conversation], max_new_tokens: int = 128) -> list[Reply]:
        del max_new_tokens
        self.asked += [len(messages) for messages in conversations]
        return [Reply(text=f"after {len(messages)}", tokens=1, seconds=0.0) for messages in conversations]


def record(*turns: str, focus: tuple[int, str] | None = None, name: str = "r") -> Record:
    """Turns that begin with "A: " are the assistant's."""
    messages = [
        Message(role="assistant" if turn.startswith("A: ") else "user", content=turn.removeprefix("A: "))
        for turn in turns
    ]
    spans = [Span(turn=focus[0], start=0, end=len(focus[1]))] if focus else []
    words = [focus[1]] if focus else []
    return Record(id=name, messages=messages, focus=words, focus_spans=spans, neutral=words)


def texts(found: Record) -> list[str]:
    return [message.content for message in found.messages]


def test_recorded_answers_are_used_as_they_are() -> None:
    model, one = Counting(), record("kill it", "A: what?", "that", focus=(0, "kill"))
    assert told(model, [one], live=False, max_new_tokens=8, known={}) == [one]
    assert model.asked == []


def test_gaps_between_turns_of_the_user_are_the_models_own() -> None:
    found = told(Counting(), [record("one", "two", "kill it", focus=(2, "kill"))], False, 8, {})[0]
    assert texts(found) == ["one", "after 1", "two", "after 3", "kill it"]
    assert found.focus_spans == [Span(turn=4, start=0, end=4)]


def test_live_answers_take_the_place_of_recorded_ones() -> None:
    one = record("kill it", "A: stab?", "that", focus=(1, "stab"))
    found = told(Counting(), [one], live=True, max_new_tokens=8, known={})[0]
    assert texts(found) == ["kill it", "after 1", "that"]
    assert (found.focus, found.focus_spans, found.neutral) == ([], [], [])


def test_equal_beginnings_are_asked_once() -> None:
    model, known = Counting(), dict[str, str]()
    records = [record("one", "two", "three", name="a"), record("one", "two", name="b"), record("one", name="c")]
    found = told(model, records, live=False, max_new_tokens=8, known=known)
    assert [len(one.messages) for one in found] == [5, 3, 1]
    assert model.asked == [1, 3]
    told(model, records, live=False, max_new_tokens=8, known=known)
    assert model.asked == [1, 3]


def test_an_assistant_who_speaks_first() -> None:
    assert texts(told(Counting(), [record("A: hello", "kill it")], False, 8, {})[0]) == ["hello", "kill it"]
    assert texts(told(Counting(), [record("A: hello", "kill it")], True, 8, {})[0]) == ["kill it"]
