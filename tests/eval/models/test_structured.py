"""Answers of language models: read strictly, else leniently, and never with anything invented."""

import json

import pytest

from builder.llm.draft import AnnotationDraft, PromptDraft, ScenarioDraft
from eval.models.structured import json_schema, read_json

GOOD = {"label": "safe", "focus": ["shoot"], "neutral": ["film"], "why": "It is about a camera."}
TEXT = json.dumps(GOOD)


def test_json_as_it_should_be_is_read_strictly() -> None:
    found = read_json(TEXT, "stop", AnnotationDraft)
    assert found.draft == AnnotationDraft.model_validate(GOOD)
    assert not found.repaired and not found.problem


@pytest.mark.parametrize(
    "text",
    [
        f"```json\n{TEXT}\n```",
        f"Sure! Here is the JSON you asked for:\n{TEXT}\nLet me know if you need more.",
        TEXT.replace('"}', '",}'),
        "{'label': 'safe', 'focus': ['shoot'], 'neutral': ['film'], 'why': 'It is about a camera.'}",
        TEXT.removesuffix("}"),
    ],
)
def test_json_with_flaws_is_mended_and_says_so(text: str) -> None:
    found = read_json(text, "stop", AnnotationDraft)
    assert found.draft == AnnotationDraft.model_validate(GOOD)
    assert found.repaired


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("I can't help with that.", "no JSON object"),
        ("", "no JSON object"),
        (json.dumps([GOOD]), "no JSON object"),
        ('{"label": "safe", "focus": ["sho', "neutral: field required"),
        (json.dumps(GOOD | {"why": " "}), "why: string should have at least 1 character"),
        (json.dumps(GOOD | {"label": "harmless"}), "label: input should be 'safe' or 'unsafe'"),
        (json.dumps(GOOD | {"mood": "good"}), "mood: extra inputs are not permitted"),
    ],
)
def test_what_is_missing_is_not_invented(text: str, problem: str) -> None:
    found = read_json(text, "stop", AnnotationDraft)
    assert found.draft is None
    assert found.problem == problem


def test_an_answer_that_was_cut_off_is_none_even_if_it_could_be_mended() -> None:
    found = read_json(TEXT.removesuffix('."}'), "length", AnnotationDraft)
    assert (found.draft, found.problem) == (None, "cut off at the token limit")


@pytest.mark.parametrize("schema", [PromptDraft, ScenarioDraft, AnnotationDraft])
def test_schemas_are_strict_as_endpoints_want_them(schema: type) -> None:
    def objects(node: object) -> list[dict[str, object]]:
        children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
        found = [child for value in children for child in objects(value)]
        return [node, *found] if isinstance(node, dict) and node.get("type") == "object" else found

    for bounded in (True, False):
        whole = json_schema(schema, bounded)
        for item in objects(whole):
            assert item["additionalProperties"] is False
            assert set(item["required"]) == set(item["properties"])  # type: ignore[call-overload]
        assert ("maxLength" in json.dumps(whole)) == bounded
