"""`xsb-eval diagnose`: one prompt from end to end."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from eval.commands.options import BaseUrl, Dtype, ModelName, Tokens, name_list
from eval.errors import InputError
from eval.progress import working
from eval.record import Conversation, Message, conversation

ALL = "ignore_word,rephrase,steer"


def diagnose(
    prompt: Annotated[str | None, typer.Argument(help="The prompt.")] = None,
    messages: Annotated[Path | None, typer.Option(help="JSON file of a dialogue instead of a prompt.")] = None,
    model: ModelName = "skittish",
    base_url: BaseUrl = None,
    dtype: Dtype = "auto",
    method: Annotated[str, typer.Option(help="Attribution method, or none.")] = "ablation",
    target: Annotated[str, typer.Option(help="refusal_openers or own_response.")] = "refusal_openers",
    mitigations: Annotated[str | None, typer.Option(help="Comma-separated names, or none.", show_default=ALL)] = None,
    triggers: Annotated[str, typer.Option(help="Comma-separated words to mitigate, instead of those found.")] = "",
    max_new_tokens: Tokens = 128,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout instead of the coloured view.")] = False,
) -> None:
    """Answer one prompt, say which words made the model refuse, and try what helps."""
    from eval.diagnose import check_conversation
    from eval.diagnose import diagnose as run_diagnosis
    from eval.models import load_model
    from eval.view import show_diagnosis

    asked = _conversation(prompt, messages)
    check_conversation(asked)
    chosen = None if method == "none" else method
    default = ALL if chosen or triggers else ""  # without a trigger there is nothing to mitigate
    names = name_list(default if mitigations is None else mitigations)
    check_names(chosen, names, target=target)
    with working(f"loading {model}") as name_step:
        loaded = load_model(model, dtype=dtype, base_url=base_url)
        found = run_diagnosis(
            loaded, asked, chosen, names, target=target, triggers=name_list(triggers), max_new_tokens=max_new_tokens,
            notify=name_step,
        )  # fmt: skip
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
    else:
        show_diagnosis(found, Console())


def _conversation(prompt: str | None, messages: Path | None) -> Conversation:
    if (prompt is None) == (messages is None):
        raise InputError("give either a prompt or --messages FILE")
    return conversation(prompt) if messages is None else _dialogue(messages)  # type: ignore[arg-type]  # one is not None


def _dialogue(path: Path) -> Conversation:
    """The conversation in a JSON file: a list of {role, content}, or an object that holds it as `messages`."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        rows = content["messages"] if isinstance(content, dict) else content
        return [Message.model_validate(row) for row in rows]
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f'{path} is not a dialogue: it must be JSON such as [{{"role": "user", "content": "..."}}]'
        ) from error
