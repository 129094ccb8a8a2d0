from typing import Any

import pytest

from eval.errors import InputError, UnknownName
from eval.record import TYPES, Message, Span
from space_app.place import query
from space_app.settings import ModelChoice, Settings
from space_app.trial.asked import Asked, link_of, read_asked, read_link
from space_app.trial.choices import methods
from space_app.trial.examples import EXAMPLES, record_of
from tests.space_app.trial.worked import asked

SETTINGS = Settings(models=(ModelChoice(name="skittish"), ModelChoice(name="openai:llama")))
DIALOGUE = [
    Message(role="system", content="Be brief."), Message(role="user", content="kill & burn? 100 %\n\u202eün"),
    Message(role="assistant", content='"No" <b>'), Message(role="user", content="Why+not?"),
]  # fmt: skip


@pytest.mark.parametrize(
    "question",
    [
        asked(),
        asked(beside="ablation", triggers=[Span(turn=0, start=0, end=4), Span(turn=0, start=5, end=8)], strength=0.5),
        asked(messages=DIALOGUE, model="openai:llama", method="shap"),
        asked(messages=record_of("xsb-homonyms-068").messages, record="xsb-homonyms-068", method="ig"),  # type: ignore[union-attr]
    ],
)
def test_a_link_asks_the_same_again(question: Asked) -> None:
    address = link_of(question, SETTINGS)
    assert read_link(query(address), SETTINGS) == question
    assert "run=1" in address
    assert ("prompt" in address or "dialogue" in address) != bool(question.record)


def test_an_address_that_asks_nothing_fills_nothing() -> None:
    assert read_link(query("?tab=try&model=skittish"), SETTINGS) is None


@pytest.mark.parametrize(
    "address",
    [
        "?record=xsb-nothing-1", "?record=../../etc/passwd", "?dialogue=[1", "?dialogue=[]", '?dialogue=[["king","x"]]',
        "?prompt=kill+it&triggers=0.0-99", "?prompt=kill+it&triggers=7.0-1", "?prompt=kill+it&triggers=x",
        "?prompt=kill+it&triggers=0.4-5", "?prompt=kill+it&strength=0", "?prompt=kill+it&strength=nan",
        "?prompt=kill+it&strength=2", "?prompt=kill+it&strength=x",
    ],
)  # fmt: skip
def test_a_broken_link_is_a_line(address: str) -> None:
    with pytest.raises(InputError) as error:
        read_link(query(address), SETTINGS)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "change", [{"model": "gpt2"}, {"method": "magic"}, {"beside": "magic"}, {"model": "openai:llama", "method": "ig"}]
)
def test_only_models_and_methods_that_are_offered(change: dict[str, str]) -> None:
    with pytest.raises(UnknownName):
        read_asked(asked(**change).model_dump(), SETTINGS)


@pytest.mark.parametrize("data", [None, [], {"messages": []}, {"messages": "x"}, {**asked().model_dump(), "url": "x"}])
def test_what_the_page_does_not_send_is_a_line(data: Any) -> None:
    with pytest.raises(InputError, match="none of its controls"):
        read_asked(data, SETTINGS)


def test_words_of_a_system_turn_cannot_be_chosen() -> None:
    data = asked(messages=DIALOGUE, triggers=[Span(turn=0, start=0, end=2)]).model_dump()
    with pytest.raises(InputError, match="does not stand"):
        read_asked(data, SETTINGS)


def test_a_record_counts_only_while_the_text_is_its_own() -> None:
    unsafe = record_of(EXAMPLES["unsafe"])
    assert unsafe and unsafe.label == "unsafe"
    own = asked(messages=unsafe.messages, record=unsafe.id)
    assert read_asked(own.model_dump(), SETTINGS).label == "unsafe"
    safe = record_of(EXAMPLES["homonym"])
    assert safe
    other = read_asked(asked(messages=unsafe.messages, record=safe.id).model_dump(), SETTINGS)
    assert (other.record, other.label) == ("", "")


def test_there_is_an_example_of_every_type_and_a_dialogue() -> None:
    records = [record_of(name) for name in EXAMPLES.values()]
    assert all(records)
    safe = [record for record in records if record and record.label == "safe"]
    assert {record.type for record in safe if len(record.messages) == 1} == set(TYPES)
    assert any(len(record.messages) > 1 for record in safe)


def test_methods_that_need_weights_are_not_offered_behind_an_endpoint() -> None:
    assert methods("skittish")[0] == "hybrid"
    assert methods("openai:llama")[0] == "black_box"
    assert not {"ig", "hybrid", "direction"} & set(methods("openai:llama"))
