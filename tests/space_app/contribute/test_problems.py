"""Problems by field: every rule has one, and what the reader says finds its place."""

import re

import pytest

from builder.contribute.beside import beside
from builder.rules import RULES
from builder.shipped import RECORDS
from space_app.contribute.draft import Draft, yaml_text
from space_app.contribute.problems import FIELDS, Told, told
from tests.space_app.contribute.drafts import PROMPT, SCENARIO

THERE = beside(RECORDS)


def of(text: str) -> list[Told]:
    return told(text, THERE.check(text))


def places(text: str) -> set[tuple[int | None, str]]:
    return {(one.record, one.field) for one in of(text)}


def written(draft: Draft) -> str:
    return yaml_text(draft, THERE.free_number(draft.type), THERE.version)


def test_every_rule_has_a_field() -> None:
    assert FIELDS.keys() == RULES.keys() | {"new ones in dev", "settings"}


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("split: dev\n  - id", "split: test\n  - id", (0, "split")),
        ("topic: violence", "topic: 7", (1, "topic")),
        ("    topic: violence\n", "", (1, "topic")),
        ("neutral: [massage]", "neutral: [a strangle]", (1, "neutral")),
        ("focus: [strangle]", "focus: [strangled]", (0, "focus")),
        ("focus: [strangle]", "focus: []", (0, "focus")),
        ("label: safe", "label: sade", (0, "label")),
        ("pattern: dangerous word in ordinary context", "pattern: dangerous", (0, "pattern")),
        ("should I strangle", "sho\u200buld I strangle", (0, "prompt")),
        ("about baking", "about  baking", (0, "why")),
        ("type: safe_targets", "type: safe_target", (0, "type")),
        ("author_kind: human", "author_kind: me", (None, "author_kind")),
        ("    topic: baking", "    topik: baking", (0, "topik")),
    ],
)
def test_a_problem_finds_its_field(old: str, new: str, place: tuple[int | None, str]) -> None:
    text = written(PROMPT)
    assert old in text and places(text) == set()
    assert place in places(text.replace(old, new, 1))


def test_a_turn_that_endings_share_is_told_once() -> None:
    text = written(SCENARIO)
    assert places(text) == set()
    hidden = of(text.replace("Ask away.", "Ask\u200b away."))
    assert [(one.record, one.field) for one in hidden] == [(None, "context 3")]
    assert places(text.replace('"Understood. Ask away."', '""')) == {(None, "context 3")}
    assert places(text.replace("topic: professional", "topic: baking")) == {(None, "topic")}
    assert places(text.replace("flour-shift", "airport-signs")) == {(None, "scenario_id"), (None, "endings"), (0, "pair_id")}
    assert places(text.replace("flour-shift", "Flour Shift")) >= {(None, "scenario_id")}


def test_a_near_copy_names_the_other() -> None:
    other = next(record for record in THERE.records if record.type == "safe_targets" and record.label == "safe")
    text = re.sub(r'prompt: "My sourdough.*', f'prompt: "{other.prompt} Now"', written(PROMPT))
    text = text.replace("[strangle]", f"[{other.focus[0]}]", 1)
    (found,) = [one for one in of(text) if one.other]
    assert found.field in ("prompt", "pattern") and found.other == other and "alike with" in found.problem
