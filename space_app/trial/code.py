"""The same question in code: Python with the library, and `curl` with the gateway."""

import json
import shlex

from space_app.settings import ModelChoice, Settings
from space_app.trial.asked import Asked
from space_app.trial.choices import free


def python(asked: Asked, settings: Settings) -> str:
    """A program that prints the verdict, the words to blame and what each mitigation makes of the prompt."""
    guard = "" if free(settings, asked.model) else "guard+"
    names = [f"{guard}{name}" for name in asked.mitigations]
    choice = next(one for one in settings.models if one.name == asked.model)
    given = {"revision": choice.revision, "dtype": choice.dtype, "base_url": choice.base_url}
    own = ModelChoice(name=asked.model).model_dump()
    how = "".join(f", {name}={value!r}" for name, value in given.items() if value != own[name])
    chosen = f"    triggers={asked.words!r},\n" if asked.triggers else ""
    return (
        "from eval.diagnose import diagnose\n"
        "from eval.models import load_model\n"
        "\n"
        "found = diagnose(\n"
        f"    load_model({asked.model!r}{how}),\n"
        f"    {_prompt(asked)!r},\n"
        f"    method={asked.method!r},\n"
        f"    mitigations={names!r},\n"
        f"    max_new_tokens={choice.max_new_tokens},\n"
        f"{chosen}"
        ")\n"
        "print(found.verdict.label, found.response)\n"
        "print([span.text(found.messages) for span in found.attribution.triggers])\n"
        "for tried in found.mitigations:\n"
        "    print(tried.name, tried.verdict.label, tried.response)\n"
    )


def gateway(asked: Asked, settings: Settings) -> str:
    """The gateway, which mitigates false refusals on the way, and a request to it."""
    choice = next(one for one in settings.models if one.name == asked.model)
    body = {"model": asked.model, "messages": [message.model_dump() for message in asked.messages]}
    dtype = f" --dtype {choice.dtype}" if choice.dtype != ModelChoice(name=asked.model).dtype else ""
    url = f" --base-url {shlex.quote(choice.base_url)}" if choice.base_url else ""
    return (
        f"xsb-eval serve --model {shlex.quote(asked.model)}{dtype}{url} &\n"
        "curl -s http://127.0.0.1:8000/v1/chat/completions -H 'Content-Type: application/json' \\\n"
        f"  -d {shlex.quote(json.dumps(body))}\n"
    )


def _prompt(asked: Asked) -> str | list[dict[str, str]]:
    if len(asked.messages) == 1 and asked.messages[0].role == "user":
        return asked.messages[0].content
    return [message.model_dump() for message in asked.messages]
