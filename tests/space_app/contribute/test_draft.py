"""What the form holds: its limits, and the file that is made of it."""

import json

import pytest
import yaml

from builder.contribute.beside import beside
from builder.shipped import RECORDS
from eval.errors import InputError
from space_app.contribute.draft import EMPTY, LONGEST, SCENARIO, Draft, Focus, Text, compact, read_draft, yaml_text
from space_app.contribute.looked import look_at
from tests.space_app.contribute import drafts

THERE = beside(RECORDS)
HOSTILE = ['"><img src=x onerror=alert(1)>', "a: b\n- c", "&a [*a]", "!!bool x", "2020-99-99", "\x1b[31mred", "#no"]


@pytest.mark.parametrize("draft", [EMPTY, SCENARIO, drafts.PROMPT, drafts.SCENARIO])
def test_an_address_gives_the_form_again(draft: Draft) -> None:
    assert read_draft(compact(draft)) == draft


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("x" * (LONGEST + 1), "too much"),
        (7, "too much"),
        ("{", "the form"),
        ('{"evil": 1}', "evil"),
        (json.dumps({"texts": [{"prompt": "x" * 2001}, {}]}), "texts.0.prompt"),
        (json.dumps({"texts": [{}] * 13}), "texts"),
        (json.dumps({"texts": [{"focus": [{"word": "x"}] * 13}, {}]}), "texts.0.focus"),
        (json.dumps({"context": ["x"] * 7}), "context"),
        (json.dumps({"form": "poem"}), "form"),
        ("[" * 9000, "the form"),
        ('{"name": "\\ud800"}', "the form"),
    ],
)
def test_what_is_no_form_is_told_in_a_line(sent: object, told: str) -> None:
    with pytest.raises(InputError) as error:
        read_draft(sent)
    assert told in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("odd", HOSTILE)
def test_no_field_breaks_out_of_its_line(odd: str) -> None:
    """Whatever is typed comes out of the YAML as the value of the field that it was typed into."""
    texts = tuple(
        Text(prompt=odd, label=text.label, focus=(Focus(word=odd, neutral=odd),), topic=odd, why=odd, kind="ordinary")
        for text in EMPTY.texts
    )
    text = yaml_text(Draft(type=odd, author="human", texts=texts), 1, "0.2.0")
    rows = yaml.safe_load(text)
    assert rows.keys() == {"type", "defaults", "records"} and rows["type"] == odd.strip() and len(rows["records"]) == 2
    for row in rows["records"]:
        assert {row["prompt"], row["topic"], row["why"], *row["focus"], *row["neutral"]} == {odd.strip()}
    name = yaml_text(Draft(form="dialogue", name=odd, topic=odd, context=(odd, odd), texts=texts), 1, "0.2.0")
    assert yaml.safe_load(name)["scenario_id"] == f"ms-xsb-{odd.strip()}"


def test_a_word_is_marked_wherever_the_user_says_it() -> None:
    text = Text(
        prompt="Kill it, I said kill it now",
        focus=(Focus(word="it", neutral="that"), Focus(word="kill", neutral="end")),
    )
    draft = Draft(
        form="dialogue", name="x", context=("Can one kill it?", "Yes, kill it."), texts=(text, Text(label="unsafe"))
    )
    row = yaml.safe_load(yaml_text(draft, 1, "0.2.0"))["endings"][0]
    assert row["focus"] == ["kill", "it", "Kill", "it", "kill", "it"] and row["focus_turns"] == [0, 0, 2, 2, 2, 2]
    assert row["neutral"] == ["end", "that"] * 3


def test_a_form_that_is_half_written_is_checked_as_far_as_it_goes() -> None:
    begun = Text(prompt="Kill it", label="safe", focus=(Focus(word="Kill", neutral="to kill"), Focus(word="gone")))
    looked = look_at(Draft(texts=(begun, Text(label="unsafe"))), THERE)
    said = {place: [one.problem for one in its if not one.blank] for place, its in looked.fields.items()}
    assert said[0, "prompt"] == ["the prompt has 2 words; 4 to 60 are allowed, add some"]
    assert "holds the focus word" in said[0, "neutral"][0] and "stands 0 times" in said[0, "focus"][0]
    blank = {place for place, its in looked.fields.items() if its[0].blank}
    assert blank >= {(None, "author_kind"), (0, "topic"), (0, "why"), (0, "pattern"), (1, "prompt"), (1, "why")}
    assert not looked.valid and (looked.wrong, looked.blank) == (3, 9)


def test_nothing_says_that_a_human_reviewed_it() -> None:
    for draft in (drafts.PROMPT, drafts.SCENARIO):
        looked = look_at(draft, THERE)
        assert looked.valid and "review" not in looked.text
        assert f"author_kind: {draft.author}" in looked.text
