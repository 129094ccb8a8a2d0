"""Functions as programs call them, by Gradio's clients and as tools of MCP: who asks, and errors as a line."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar

import gradio as gr

from eval.errors import XsbError
from space_app.rate import Rate

T = TypeVar("T")
ASKER = inspect.Parameter("request", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=gr.Request)


def visitor(request: gr.Request) -> str:
    """Who asks, for the limits: the address that the question came from."""
    return str(request.client.host) if request.client else "unknown"


@contextmanager
def told() -> Iterator[None]:
    """Errors for the visitor reach clients as one line."""
    try:
        yield
    except XsbError as error:
        raise gr.Error(str(error), print_exception=False) from error


def counted(function: Callable[..., T], rate: Rate) -> Callable[..., T]:
    """The function, with who asks before its own arguments: what they ask is counted, and errors are told."""

    @wraps(function)
    def asked(request: gr.Request, *given: Any) -> T:
        with told():
            rate.count(visitor(request))
            return function(*given)

    own = inspect.signature(function)
    asked.__signature__ = own.replace(parameters=[ASKER, *own.parameters.values()])  # type: ignore[attr-defined]
    asked.__annotations__ = {"request": gr.Request, **function.__annotations__}
    return asked
