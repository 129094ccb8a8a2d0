"""Limits: what is too much says so, and what to do."""

import pytest

from eval.errors import InputError, UnknownName, XsbError
from eval.record import Conversation, Message, Span, conversation
from space_app.engine.limits import check_messages, check_mitigations, check_triggers
from space_app.settings import Limits

SMALL = Limits(characters=20, turns=3)


def turns(*roles: str) -> Conversation:
    return [Message.model_validate({"role": role, "content": "Hi."}) for role in roles]


def test_what_is_within_the_limits_passes() -> None:
    check_messages(conversation("x" * 20), SMALL)
    check_messages(turns("system", "assistant", "user"), SMALL)


@pytest.mark.parametrize(
    ("messages", "told"),
    [
        (conversation("x" * 21), "takes 20: shorten"),
        (turns("user", "assistant", "user", "user"), "takes 3: drop"),
        (turns("user", "system", "user"), "first turn"),
        (turns("user", "assistant"), "must be the user's"),
        ([], "no messages"),
        (conversation("  "), "empty"),
    ],
)
def test_what_is_beyond_them_says_what_to_do(messages: Conversation, told: str) -> None:
    with pytest.raises(InputError, match=told):
        check_messages(messages, SMALL)


@pytest.mark.parametrize(
    "names", [["ignore_word", "rephrase", "steer"], ["steer:0.1"], ["guard+steer:0.5"], ["rephrase+steer"]]
)
def test_mitigations_that_visitors_may_ask_for(names: list[str]) -> None:
    check_mitigations(names)


@pytest.mark.parametrize(
    "name",
    [
        "rephrase:openai:gpt-4o", "rephrase:/etc/words.yaml", "rephrase:neutral", "steer:0.1@heads", "steer:",
        "steer:2", "steer:nan", "guard", "guard+guard+steer", "none", "nothing", "", "steer+",
        "steer+rephrase:org/model", "steer+guard", "ignore_word:x", "+",
    ],
)  # fmt: skip
def test_no_mitigation_names_a_file_or_a_model_or_nonsense(name: str) -> None:
    with pytest.raises(XsbError):
        check_mitigations([name])


@pytest.mark.parametrize("names", [[], ["steer", "steer"], [f"steer:0.{n}" for n in range(1, 8)]])
def test_how_many_mitigations(names: list[str]) -> None:
    with pytest.raises(InputError):
        check_mitigations(names)


def test_an_unknown_mitigation_is_told_with_those_that_are_known() -> None:
    with pytest.raises(UnknownName, match="Did you mean steer"):
        check_mitigations(["ster"])


@pytest.mark.parametrize(("turn", "start", "end"), [(1, 0, 2), (0, 0, 99), (0, 3, 3), (0, 4, 2)])
def test_triggers_stand_in_the_conversation(turn: int, start: int, end: int) -> None:
    check_triggers(conversation("Kill it."), [Span(turn=0, start=0, end=4)])
    with pytest.raises(InputError, match="does not stand"):
        check_triggers(conversation("Kill it."), [Span(turn=turn, start=start, end=end)])
