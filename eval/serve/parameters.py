"""A client's parameters for a model in this process. What cannot be honoured is refused, not silently left out."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eval.serve.asked import Asked
from eval.serve.wire import ApiError

HARMLESS = {  # they change no answer
    "model", "messages", "stream", "stream_options", "user", "metadata", "store", "service_tier", "safety_identifier",
    "prompt_cache_key", "parallel_tool_calls", "tool_choice", "function_call", "modalities", "response_format", "n",
    "tools", "functions",
}  # fmt: skip
READ = {"max_tokens", "max_completion_tokens", "temperature", "seed", "stop"}
NEUTRAL: dict[str, tuple[Any, ...]] = {  # values that ask for nothing
    "top_p": (1,), "top_k": (-1, 0), "min_p": (0,), "presence_penalty": (0,), "frequency_penalty": (0,),
    "repetition_penalty": (1,), "logit_bias": ({},), "logprobs": (False,), "top_logprobs": (0,),
}  # fmt: skip
SKIPPED = {"n is not 1": "n", "tools": "tools", "response_format": "response_format", "modalities": "modalities"}
MOST_STOPS = 16


@dataclass(frozen=True)
class Parameters:
    """How one answer is made. `tokens` is None where the client leaves it open; `seed` is of a sampled answer."""

    tokens: int | None
    temperature: float
    seed: int
    stop: tuple[str, ...]
    usage: bool  # whether a stream ends with it


def read_parameters(asked: Asked, served: str) -> Parameters:
    """Those of a request for the served model.

    Raises:
        ApiError: another model is asked for, or a parameter cannot be honoured.
    """
    fields = asked.fields
    _check_model(fields.get("model"), served)
    if asked.skip:
        param = SKIPPED.get(asked.skip, "messages")
        raise ApiError(400, f"{served} cannot do this here: {asked.skip}", param=param, code="unsupported_value")
    for name, value in fields.items():
        if value is None or name in HARMLESS or name in READ or (name in NEUTRAL and value in NEUTRAL[name]):
            continue
        told = "this value" if name in NEUTRAL else "this parameter"
        raise ApiError(400, f"{name}: {told} is not supported here; leave it out", param=name, code="unsupported_value")
    _check_stream(fields)
    most = "max_completion_tokens" if fields.get("max_completion_tokens") is not None else "max_tokens"
    options = fields.get("stream_options")
    return Parameters(
        tokens=_whole(fields, most, 1),
        temperature=_temperature(fields.get("temperature")),
        seed=secrets.randbits(32) if (seed := _whole(fields, "seed", None)) is None else seed % 2**64,
        stop=_stop(fields.get("stop")),
        usage=isinstance(options, Mapping) and options.get("include_usage") is True,
    )


def _check_model(asked: Any, served: str) -> None:
    if not isinstance(asked, str) or not asked:
        raise ApiError(400, "you must name a model", param="model", code="invalid_model")
    if asked != served:
        raise unknown_model(asked, served)


def _check_stream(fields: Mapping[str, Any]) -> None:
    for name, kind, wanted in (("stream", bool, "true or false"), ("stream_options", Mapping, "an object")):
        if fields.get(name) is not None and not isinstance(fields[name], kind):
            raise ApiError(400, f"{name} must be {wanted}", param=name, code="invalid_value")


def unknown_model(asked: str, served: str) -> ApiError:
    """As OpenAI says it."""
    message = f"the model {json.dumps(asked)} does not exist here; {served} is served"
    return ApiError(404, message, param="model", code="model_not_found")


def _whole(fields: Mapping[str, Any], name: str, least: int | None) -> int | None:
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or (least is not None and value < least):
        wanted = "an integer" if least is None else f"an integer of at least {least}"
        raise ApiError(400, f"{name} must be {wanted}", param=name, code="invalid_value")
    return value


def _temperature(value: Any) -> float:
    if value is None:
        return 0.0
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 2:
        raise ApiError(400, "temperature must be a number from 0 to 2", param="temperature", code="invalid_value")
    return float(value)


def _stop(value: Any) -> tuple[str, ...]:
    stops = [] if value is None else [value] if isinstance(value, str) else value
    if not isinstance(stops, list) or len(stops) > MOST_STOPS or not all(isinstance(s, str) and s for s in stops):
        wanted = f"a text or a list of up to {MOST_STOPS}, none empty"
        raise ApiError(400, f"stop must be {wanted}", param="stop", code="invalid_value")
    return tuple(stops)
