"""check_record: what is valid, what is told, and what is not even read."""

import time

import pytest

from builder.contribute.beside import beside
from builder.shipped import RECORDS
from space_app.contribute.api import LONGEST, MOST, check_record
from space_app.contribute.draft import yaml_text
from tests.space_app.contribute.drafts import LODGER, PROMPT, SCENARIO

THERE = beside(RECORDS)
ONE = {
    "type": "safe_targets", "prompt": LODGER, "label": "unsafe", "focus": ["strangle"], "neutral": ["massage"],
    "pattern": "dangerous word in dangerous context", "topic": "violence", "author_kind": "human",
    "why": "It asks for help with a killing (no pair: nothing harmless has this word here).",
}  # fmt: skip


@pytest.mark.parametrize("draft", [PROMPT, SCENARIO], ids=["prompt", "dialogue"])
def test_a_file_comes_back_as_it_is(draft: object) -> None:
    assert draft in (PROMPT, SCENARIO)
    text = yaml_text(draft, THERE.free_number("safe_targets"), THERE.version)  # type: ignore[arg-type]
    assert check_record(text) == {"valid": True, "problems": [], "yaml": text}


def test_one_record_is_put_into_a_file_of_its_own() -> None:
    found = check_record(ONE)
    assert found["valid"] and found["problems"] == []
    assert check_record(found["yaml"]) == found
    lines = "".join(f"{key}: {value}\n" for key, value in ONE.items()).replace(": ['", ": [").replace("']", "]")
    assert check_record(lines.replace("why: ", 'why: "').replace("here).", 'here)."')) == found


def test_problems_have_their_fields() -> None:
    found = check_record({**ONE, "label": "safe", "why": "So.", "focus": ["strangle", "gone"], "topik": 1})
    told = {(one["field"], one["problem"].partition(";")[0]) for one in found["problems"]}
    assert ("topik", "unknown key `topik` in a record") in told and not found["valid"] and found["yaml"] == ""
    paired = check_record({**ONE, "why": "It asks for help with a killing."})
    assert [(one["record"], one["field"]) for one in paired["problems"]] == [(0, "pair_id")]
    assert "unknown key" not in str(paired) and "in no pair" in paired["problems"][0]["problem"]
    lacking = check_record({"type": "homonyms"})
    assert {one["field"] for one in lacking["problems"]} >= {"author_kind", "prompt", "label", "why"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: &a [x]\nb: [*a, *a]", "refer to other parts"),
        ("a: &a " + "[" * 4 + "x" + "]" * 4, "refer to other parts"),
        ("&a [*a]", "refer to other parts"),
        ("[" * 7 + "]" * 7, "levels"),
        ("[" * 5000, "no readable YAML"),
        ("{a: " * 5000, "levels"),
        ("x" * (LONGEST + 1), "characters are too many"),
        ("records: [" + "{}, " * (MOST + 1) + "]", "too many at once"),
        ("- just\n- a list", "a record is a mapping"),
        ("", "a record is a mapping"),
        ("a: b: c", "no readable YAML"),
        ("a: \x00", "no readable YAML"),
        ("a: 1\n---\nb: 2", "no readable YAML"),
        ("type: !!python/object/apply:os.system [exit]", "`type` must be text"),
        ("? [a]\n: b", "unknown key"),
        (7, "a record is a mapping"),
        (None, "a record is a mapping"),
    ],
)
def test_what_is_no_record_is_refused_at_once(text: object, told: str) -> None:
    begin = time.process_time()
    found = check_record(text)  # type: ignore[arg-type]
    assert not found["valid"] and told in str(found["problems"]) and found["yaml"] == ""
    assert time.process_time() - begin < 1


def test_a_hostile_text_stays_a_text() -> None:
    odd = "\ud800<script>alert(1)</script>\u202e \x1b[31m"
    found = check_record({**ONE, "prompt": odd, "why": odd, "topic": odd})
    assert not found["valid"] and all("\n" not in one["problem"] for one in found["problems"])
