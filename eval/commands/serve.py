"""`xsb-eval serve`: an OpenAI-compatible gateway that mitigates refusals which hang on a word."""

from typing import Annotated

import typer

from eval.commands.options import BaseUrl, Dtype, ModelName, Tokens

KINDS = "ignore_word, rephrase or steer"
DEFAULT = "steer, or rephrase behind an endpoint"


def serve(
    model: ModelName = "skittish",
    base_url: BaseUrl = None,
    mitigation: Annotated[str | None, typer.Option(help=f"{KINDS}.", show_default=DEFAULT)] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes one that is free.")] = 8000,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all.")] = "127.0.0.1",
    dtype: Dtype = "auto",
    max_new_tokens: Tokens = 512,
    deadline: Annotated[float, typer.Option(min=0.01, help="Seconds to find the trigger and ask the guard.")] = 30,
    log_prompts: Annotated[bool, typer.Option("--log-prompts", help="Write refused prompts into the log.")] = False,
) -> None:
    """Serve a model, or stand before an endpoint, and answer what is refused for a word alone."""
    from eval.serve.run import Settings, run

    settings = Settings(
        model=model, base_url=base_url, mitigation=mitigation, host=host, port=port, dtype=dtype,
        max_new_tokens=max_new_tokens, deadline=deadline, log_prompts=log_prompts,
    )  # fmt: skip
    run(settings)
