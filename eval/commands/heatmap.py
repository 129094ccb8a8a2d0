"""`xsb-eval heatmap`: one prompt, all attribution methods side by side, as a picture."""

from pathlib import Path
from typing import Annotated

import typer

from eval.attribution import METHODS
from eval.commands.options import BaseUrl, Dialogue, Dtype, ModelName, Prompt, Tokens, name_list, read_asked
from eval.errors import InputError
from eval.progress import working

FORMATS = (".png", ".svg", ".pdf")


def heatmap(
    out: Annotated[Path, typer.Option(help="Picture to write: .png, .svg or .pdf.")],
    prompt: Prompt = None,
    messages: Dialogue = None,
    methods: Annotated[str, typer.Option(help=f"all, or comma-separated: {', '.join(METHODS)}.")] = "all",
    model: ModelName = "skittish",
    base_url: BaseUrl = None,
    dtype: Dtype = "auto",
    focus: Annotated[str, typer.Option(help="Comma-separated words to mark.")] = "",
    max_new_tokens: Tokens = 32,
) -> None:
    """Draw which words each attribution method blames for the refusal of one prompt."""
    from eval.attribution.side_by_side import compare
    from eval.checks import check_names, places
    from eval.look.picture import draw
    from eval.models import load_model

    asked = read_asked(prompt, messages)
    names = list(METHODS) if methods == "all" else name_list(methods)
    for name in names:
        check_names(name, [])
    marked = places(asked, name_list(focus))
    if not names:
        raise InputError("--methods names no method; leave it out for all of them")
    if out.suffix not in FORMATS or not out.parent.is_dir():
        raise InputError(f"{out} cannot be written: give a file of {', '.join(FORMATS)} in a folder that exists")
    with working(f"loading {model}") as name_step:
        loaded = load_model(model, dtype=dtype, base_url=base_url)
        told = compare(loaded, asked, names, max_new_tokens, name_step)
        draw(told, marked, out)
    typer.echo(f"{', '.join(told.found)}: {out}")
