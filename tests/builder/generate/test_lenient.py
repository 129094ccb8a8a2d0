"""The lenient path on a real server: `transformers serve` takes a schema, ignores it, and answers in free text."""

from pathlib import Path

import pytest

from builder.candidate import Candidate
from builder.generate.writing import TRIES, generate
from builder.llm.draft import PromptDraft
from builder.llm.endpoint import Endpoint
from eval.jsonl import read
from eval.models import skittish
from eval.models.budget import Limits
from eval.models.ledger import Call
from eval.models.structured import read_json
from tests.builder.generate.orders import RECORDED, order


@pytest.mark.skittish
def test_answers_without_structure_are_counted_and_nothing_is_invented(served_url: str, tmp_path: Path) -> None:
    out, model = tmp_path / "generated.jsonl", str(skittish.merged_folder())
    with Endpoint(model, served_url, schema=PromptDraft, max_tokens=48, timeout=120) as endpoint:
        outcome = generate(order(n=1), RECORDED, endpoint, out, Limits(1))
    calls = list(read(tmp_path / "generated.calls.jsonl", Call))
    assert 1 <= len(calls) <= TRIES and all(call.content for call in calls)
    readable = [call for call in calls if read_json(call.content, call.finish, PromptDraft).draft]
    assert outcome.drafts == len(readable)
    assert sum(outcome.unreadable.values()) == len(calls) - len(readable)
    made = list(read(out, Candidate)) if out.exists() else []
    assert [candidate.generation.seed for candidate in made] == [call.seed for call in readable]
    assert all(candidate.prompt in call.content for candidate, call in zip(made, readable, strict=True))
