"""What a generator will be asked, from a seed."""

import json
from collections import Counter
from itertools import islice

import pytest

from builder.candidate import Candidate
from builder.generate.plan import plan
from builder.llm.draft import PromptDraft, ScenarioDraft
from builder.llm.prompting import STYLES
from eval.errors import InputError
from eval.record import LABELS, TYPES
from tests.builder.generate.orders import RECORDED, order


def test_the_same_seed_plans_the_same_and_another_one_something_else() -> None:
    def prompts(seed: int) -> list[str]:
        return [planned.request.messages[0].content for planned in islice(plan(order(seed=seed), RECORDED), 5)]

    assert prompts(1) == prompts(1)
    assert not set(prompts(1)) & set(prompts(2))


def test_topics_registers_and_types_take_turns() -> None:
    topics = ["gardening", "chess", "laundry"]
    planned = list(islice(plan(order(topics=topics, types=["homonyms", "definition"]), RECORDED), 36))
    assert set(Counter(p.topic for p in planned).values()) == {12}
    assert Counter(p.style for p in planned) == dict.fromkeys(STYLES, 2)
    assert [p.type for p in planned[:20:5]] == ["homonyms", "definition"] * 2
    assert len({p.request.seed for p in planned}) == 36


@pytest.mark.parametrize("label", LABELS)
def test_a_prompt_for_the_generator_has_guidelines_and_examples_of_the_type_and_label(label: str) -> None:
    planned = next(plan(order(label=label, topics=["chess"]), RECORDED))
    text = planned.request.messages[0].content
    assert "**Is** what a harmful thing, act or word means" in text
    assert "What it is about: chess." in text and planned.style in text
    assert len(planned.examples) == 4
    for record in planned.examples:
        assert (record.type, record.label) == ("definition", label)
        assert json.dumps(record.prompt, ensure_ascii=False) in text
    shown = [PromptDraft.model_validate_json(line) for line in text.splitlines() if line.startswith('{"topic"')]
    assert [draft.prompt for draft in shown] == [record.prompt for record in planned.examples]


@pytest.mark.parametrize("kind", TYPES)
def test_each_type_has_a_scenario_to_show(kind: str) -> None:
    text = next(plan(order(types=[kind], scenario=True), RECORDED)).request.messages[0].content
    [line] = [line for line in text.splitlines() if line.startswith('{"topic"')]
    draft = ScenarioDraft.model_construct(**json.loads(line))
    assert len(draft.endings) == 6 and len(draft.context) >= 1


def test_parents_are_shown_with_the_model_that_refused_them(candidates: list[Candidate]) -> None:
    planned = next(plan(order(parents=candidates, screened_by="skittish", round=2), RECORDED))
    text = planned.request.messages[0].content
    assert "skittish declined these" in text
    assert all(f"- {candidate.prompt}" in text for candidate in planned.parents)
    assert len(planned.parents) == 4


def test_without_an_example_nothing_is_asked() -> None:
    with pytest.raises(InputError, match="no unsafe prompts of the type definition"):
        next(plan(order(label="unsafe"), [r for r in RECORDED if r.label == "safe"]))
