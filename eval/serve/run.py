"""Start the gateway: load what it needs, listen, say where, and serve until it is stopped."""

import logging
import socket
import sys
from dataclasses import dataclass

import typer
import uvicorn

from eval.errors import InputError, ModelError, UnknownName
from eval.mitigation import Request, named
from eval.mitigation.guard import as_read
from eval.models import load_model
from eval.models.protocol import ENDPOINT
from eval.progress import working
from eval.record import conversation
from eval.serve.app import make_app
from eval.serve.gateway import Gateway
from eval.serve.metrics import Metrics
from eval.serve.source import Source

MITIGATIONS = ("ignore_word", "rephrase", "steer")
WAIT = 5  # seconds for answers that are being written when the gateway is stopped


@dataclass(frozen=True)
class Settings:
    """The options of `xsb-eval serve`."""

    model: str
    base_url: str | None = None
    mitigation: str | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    dtype: str = "auto"
    max_new_tokens: int = 512
    deadline: float = 30.0
    log_prompts: bool = False


def run(settings: Settings) -> None:
    """Serve until a signal.

    Raises:
        UnknownName: no such mitigation.
        InputError: the port is taken, or the mitigation or the address cannot be used.
        ModelError: the model cannot be loaded.
    """
    mitigation = checked(settings)
    with _socket(settings.host, settings.port) as listening:
        with working(f"loading {settings.model}"):
            source = load_source(settings, mitigation)
            as_read([Request(conversation("Hello."), [])])  # so that the first refusal need not wait for the reader
        _log_to_stderr()
        app = make_app(Gateway(source, settings.deadline, Metrics(), settings.log_prompts))
        host, port = listening.getsockname()[:2]
        where = f"http://{f'[{host}]' if ':' in host else host}:{port}/v1"
        typer.echo(f"{settings.model} with {mitigation} behind the guard: {where}", err=True)
        config = uvicorn.Config(app, access_log=False, log_level="warning", timeout_graceful_shutdown=WAIT)
        uvicorn.Server(config).run(sockets=[listening])


def checked(settings: Settings) -> str:
    """The mitigation, chosen where none is named.

    Raises:
        UnknownName: it is none that the gateway can do.
        InputError: it needs open weights, and there is an endpoint, or there is an address and no endpoint.
    """
    remote = settings.model.startswith(ENDPOINT)
    if settings.base_url and not remote:
        raise InputError("--base-url goes with --model openai:NAME, the model's name behind the endpoint")
    mitigation = settings.mitigation or ("rephrase" if remote else "steer")
    kind = mitigation.partition(":")[0]
    if kind not in MITIGATIONS or "+" in mitigation:
        raise UnknownName("mitigation of the gateway", mitigation, MITIGATIONS)
    named(mitigation)
    if remote and kind == "steer":
        raise InputError("steer needs open weights, which an endpoint does not give: use ignore_word or rephrase")
    return mitigation


def load_source(settings: Settings, mitigation: str) -> Source:
    """The endpoint or the model.

    Raises:
        InputError: the address is none.
        ModelError: the model cannot be loaded.
    """
    if settings.model.startswith(ENDPOINT):
        from eval.serve.upstream import Upstream

        if not (name := settings.model.removeprefix(ENDPOINT)):
            raise ModelError("openai: needs a model's name behind the colon, e.g. openai:gpt-4o-mini")
        return Upstream(name, settings.base_url, mitigation)
    from eval.models.transformers import TransformersModel
    from eval.serve.local import Local

    model = load_model(settings.model, dtype=settings.dtype)
    if not isinstance(model, TransformersModel):
        raise ModelError(f"{settings.model} cannot be served")
    return Local(model, mitigation, settings.max_new_tokens)


def _socket(host: str, port: int) -> socket.socket:
    """Listening, so that a port that is taken is known before a model is loaded."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # or asyncio sets no TCP_NODELAY
        try:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind((host, port))
        except OSError:
            found.close()
            raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"cannot listen on {host}, port {port} ({reason}); choose another --port") from error
    return found


def _log_to_stderr() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log = logging.getLogger("eval.serve")
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
