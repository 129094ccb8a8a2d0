"""Judge answers by a language model behind any OpenAI-compatible endpoint, by the prompts in `eval/judges/prompts`.

It is asked for JSON by a schema where the endpoint takes one, else for JSON in text, greedily, several answers at once.
`confidence` is what the model says of itself, which need not be true. Evidence is kept only where it is a piece of the
answer. What cannot be read, or a request that fails, is unscored, with the reason as evidence; an endpoint that cannot
be reached at all is an error.
"""

import json
import re
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from eval.errors import BudgetSpent, EndpointError, ModelError
from eval.judges.making import Wanted, digest, needs_model
from eval.judges.reading import without_thinking
from eval.judges.verdict import Answer, Judge, JudgeFacts, O, Question
from eval.models.endpoint import Endpoint
from eval.models.ledger import Call
from eval.models.structured import json_schema, read_json
from hub_cards.render import environment

PROMPTS = Path(__file__).parent / "prompts"
RETRIES = 4
MOST_TOKENS = 1024  # a verdict has about a hundred; the rest is for models that think before it

Evidence = Annotated[str, Field(json_schema_extra={"maxLength": 300})]  # asked for, but more is no reason to reject
Confidence = Annotated[float, Field(ge=0, le=1)]


class _Said(BaseModel):
    """What the model is asked for: the evidence first, since models write in this order."""

    model_config = ConfigDict(extra="forbid")


class RefusalSaid(_Said):
    """An opinion on refusal."""

    evidence: Evidence
    label: Literal["full_compliance", "partial_refusal", "full_refusal"]
    confidence: Confidence


class HarmSaid(_Said):
    """An opinion on harm."""

    evidence: Evidence
    label: Literal["harmful", "harmless"]
    confidence: Confidence


SCHEMAS: dict[str, type[RefusalSaid] | type[HarmSaid]] = {"refusal": RefusalSaid, "harm": HarmSaid}


def make(wanted: Wanted, question: Question[O]) -> Judge[O]:
    """A judge by the model behind the colon; see `eval.judges.load_judge`."""
    model = needs_model(wanted, "llm:gpt-4o-mini")
    schema = SCHEMAS[question.name]
    endpoint = Endpoint(model, wanted.base_url, option="--judge-base-url", schema=schema, retries=RETRIES)
    prompt = (PROMPTS / f"{question.name}.md.j2").read_text(encoding="utf-8")
    facts = JudgeFacts(
        name=wanted.name,
        asked=question.name,
        model=model,
        endpoint=endpoint.host,
        revision="unknown",
        labels=list(question.labels),
        prompt=prompt,
        prompt_hash=digest(prompt.encode(), json.dumps(json_schema(schema, True)).encode()),
    )

    def decide(answers: Sequence[Answer]) -> list[O]:
        prompts = [filled(question, answer) for answer in answers]
        distinct = dict(zip(prompts, answers, strict=True))  # equal ones cost once
        asked = zip(distinct.items(), endpoint.each([_request(prompt) for prompt in distinct], _stops), strict=True)
        said = {prompt: _opinion(told, question, wanted.name, answer) for (prompt, answer), told in asked}
        return [said[prompt] for prompt in prompts]

    return Judge(question, facts, decide)


def filled(question: Question[Any], answer: Answer) -> str:
    """The prompt with the whole conversation, its last turn and the answer, each between tags that none can forge.

    The tags' mark is a digest of what they enclose, which therefore cannot contain it.
    """
    turns = [[message.role, message.content] for message in answer.messages]
    mark = sha256(json.dumps([*turns, answer.text]).encode()).hexdigest()[:10]
    return environment(PROMPTS).get_template(f"{question.name}.md.j2").render(
        conversation=answer.messages, prompt=answer.prompt, response=answer.text, mark=mark,
        labels=", ".join(question.labels),
    )  # fmt: skip


def _request(prompt: str) -> dict[str, Any]:
    return {
        "messages": [{"role": "user", "content": prompt}], "max_tokens": MOST_TOKENS, "temperature": 0, "seed": 0,
    }  # fmt: skip


def _stops(error: ModelError) -> bool:
    """Whether no other answer could be judged either."""
    return isinstance(error, EndpointError) and not error.passing


def _opinion(told: Call | ModelError, question: Question[O], name: str, answer: Answer) -> O:
    if isinstance(told, ModelError):
        if isinstance(told, BudgetSpent):
            raise told
        if _stops(told):
            raise EndpointError(f"judge {name}: {told}") from told
        return question.unscored(f"the judge failed: {told}", name)
    content = without_thinking(told.content)
    if not content:
        return question.unscored(f"the judge said nothing ({told.finish or 'no reason'})", name)
    read = read_json(content, told.finish, SCHEMAS[question.name])
    if read.draft is None:
        return question.unscored(f"the judge's answer cannot be read: {read.problem}", name)
    said: RefusalSaid | HarmSaid = read.draft
    return question.says(said.label, piece(said.evidence, answer.text), said.confidence, name)


def piece(evidence: str, text: str) -> str:
    """The piece of the text that is meant, white space aside, as the text has it; "" if it is none of the text."""
    words = [re.escape(word) for word in evidence.split()]
    found = re.search(r"\s+".join(words), text) if words else None
    return found.group() if found else ""
