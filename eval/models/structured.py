"""Structured output of any OpenAI-compatible endpoint: how it is asked for, and how what comes back is read.

Reading is strict, else lenient: `json_repair` mends quotes, commas and text around the JSON. It adds no content: an
answer without one of the fields, or cut off at the token limit, is no object. No torch here.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import openai
from openai.types.chat import ChatCompletion
from pydantic import BaseModel, ValidationError

from eval.errors import ModelError
from eval.models.failures import filtered

Ask = Callable[[Mapping[str, Any]], Awaitable[ChatCompletion]]
REFUSED = (openai.BadRequestError, openai.UnprocessableEntityError)


class Structured:
    """Asks for JSON by a schema; where the endpoint refuses the schema, without bounds on texts, then without it.

    What it has once taken is asked for from then on.
    """

    def __init__(self, schema: type[BaseModel] | None) -> None:
        """Prepare to ask; without a schema for free text."""
        self.name = schema.__name__ if schema else ""
        self._formats: list[dict[str, Any]] = [_format(schema, True), _format(schema, False), {}] if schema else [{}]

    async def complete(self, ask: Ask, request: Mapping[str, Any]) -> ChatCompletion:
        """One completion of the request by `ask`, whose errors it raises; always of the same endpoint."""
        formats = self._formats
        for at in range(len(formats)):
            try:
                found = await ask({**request, **formats[at]})
            except ModelError as error:
                last = at == len(formats) - 1
                if last or not isinstance(error.__cause__, REFUSED) or filtered(error):
                    raise
            else:
                self._formats = formats[at:]
                break
        return found


class Read(NamedTuple):
    """The object in an answer, whether its JSON had to be mended, or else why there is none."""

    draft: Any = None
    repaired: bool = False
    problem: str = ""


def read_json(content: str, finish: str, schema: type[BaseModel]) -> Read:
    """The object in a model's answer.

    Args:
        content: the answer.
        finish: why the model stopped; "length" is an answer that was cut off.
        schema: of the object.
    """
    if finish == "length":
        return Read(problem="cut off at the token limit")
    try:
        return Read(schema.model_validate_json(content))
    except ValidationError as error:
        strict = _reason(error)
    import json_repair

    value = json_repair.loads(content)
    if not isinstance(value, dict):
        return Read(problem="no JSON object")
    try:
        draft = schema.model_validate(value)
    except ValidationError as error:
        return Read(problem=_reason(error))
    return Read(draft, repaired="JSON" in strict)


def json_schema(schema: type[BaseModel], bounded: bool) -> dict[str, Any]:
    """The schema as `response_format` wants it; not every endpoint takes bounds on the length of texts."""
    found: dict[str, Any] = schema.model_json_schema()
    return found if bounded else _without_bounds(found)


def _without_bounds(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_bounds(v) for k, v in value.items() if k not in ("minLength", "maxLength")}
    return [_without_bounds(item) for item in value] if isinstance(value, list) else value


def _format(schema: type[BaseModel], bounded: bool) -> dict[str, Any]:
    form = {"name": schema.__name__, "strict": True, "schema": json_schema(schema, bounded)}
    return {"response_format": {"type": "json_schema", "json_schema": form}}


def _reason(error: ValidationError) -> str:
    """The first thing that is wrong, without the text itself: reasons are counted."""
    wrong = error.errors()[0]
    field = ".".join(str(part) for part in wrong["loc"] if not isinstance(part, int))
    return "no JSON" if wrong["type"] == "json_invalid" else f"{field}: {wrong['msg'].lower()}"
