"""Whether a program that asked something still listens.

What a page asked ends when the page is closed, because Gradio is told its steps and stops asking for them. A program is
told one result, of a function that runs to its end, so the function has to look here between its steps.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_hex

import gradio as gr
from gradio.context import LocalContext
from starlette.types import Scope

HEADER = "x-xsb-call"
MCP = "/gradio_api/mcp"
_open: set[str] = set()  # calls of tools whose connection stands


@contextmanager
def named(scope: Scope) -> Iterator[Scope]:
    """A request, with a name in its head if it calls a tool, by which `listens` knows it while the block lasts.

    Gradio answers such a call by asking itself, with the same head, and does not notice when the caller leaves.
    """
    if not scope["path"].startswith(MCP):
        yield scope
        return
    name, own = token_hex(), HEADER.encode()
    _open.add(name)
    try:
        yield {**scope, "headers": [*(pair for pair in scope["headers"] if pair[0] != own), (own, name.encode())]}
    finally:
        _open.discard(name)


def listens(request: gr.Request) -> bool:
    """Whether who asked for what the calling function does is there to be told.

    Gradio's queue knows it, and no public name of Gradio's tells it.
    """
    call = request.headers.get(HEADER)
    if call is not None:
        return call in _open
    blocks, event = LocalContext.blocks.get(None), LocalContext.event_id.get(None)
    known = blocks._queue.event_ids_to_events.get(event) if blocks and event else None
    return known is not None and known.alive
