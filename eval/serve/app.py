"""The gateway's routes: `/v1/chat/completions`, `/v1/models`, `/metrics`, `/health`; errors are in OpenAI's form."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar

from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from eval.serve.asked import read
from eval.serve.gateway import Answered, Gateway
from eval.serve.outcome import HEADER, Outcome
from eval.serve.wire import JSON, ApiError

LOG = logging.getLogger("eval.serve")
LARGEST = 64 * 2**20  # bytes of a request: images come as text in it
CLIENT_GONE = 499  # nobody reads it; proxies log this number
T = TypeVar("T")


class Gone(Exception):
    """The client waits no more."""


def make_app(gateway: Gateway) -> FastAPI:
    """The application."""

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        yield
        await gateway.source.close()

    app = FastAPI(lifespan=life, openapi_url=None, docs_url=None, redoc_url=None)

    @app.post("/v1/chat/completions")
    async def chat(request: Request) -> Response:
        body = await _body(request)
        asked = read(body, request.headers, request.url.query)
        try:
            return _response(await _while_there(request, gateway.chat(asked)))
        except (ApiError, Gone):
            raise
        except Exception as error:
            LOG.error("a request failed: %s", type(error).__name__)  # its message may hold text of a prompt
            raise ApiError(500, "the gateway failed", "server_error", code="gateway_failed") from error

    @app.get("/v1/models")
    async def models(request: Request) -> Response:
        return await _models(gateway, request, "")

    @app.get("/v1/models/{name:path}")
    async def model(request: Request, name: str) -> Response:
        return await _models(gateway, request, f"/{name}")

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(gateway.metrics.text(), media_type=CONTENT_TYPE_LATEST)

    @app.get("/health")
    async def health() -> Response:
        return Response(b'{"status": "ok"}', media_type=JSON)

    _handle_errors(app, gateway)
    return app


def _handle_errors(app: FastAPI, gateway: Gateway) -> None:
    def told(request: Request, error: ApiError, headers: Mapping[str, str] | None = None) -> Response:
        outcome = Outcome("error")
        if request.url.path == "/v1/chat/completions":
            gateway.metrics.answered(outcome)
        return Response(error.body, error.status, {**(headers or {}), HEADER: outcome.header}, JSON)

    @app.exception_handler(ApiError)
    async def ours(request: Request, error: ApiError) -> Response:
        return told(request, error)

    @app.exception_handler(HTTPException)
    async def theirs(request: Request, error: HTTPException) -> Response:
        known = {404: ("unknown route", "unknown_url"), 405: ("method not allowed", "method_not_allowed")}
        message, code = known.get(error.status_code, (str(error.detail), None))
        message = f"{message}: {request.method} {request.url.path}"
        return told(request, ApiError(error.status_code, message, code=code), error.headers)

    @app.exception_handler(Gone)
    async def gone(_: Request, __: Gone) -> Response:
        return Response(status_code=CLIENT_GONE)


async def _models(gateway: Gateway, request: Request, path: str) -> Response:
    opened = await gateway.source.models(path, request.headers, request.url.query)
    return Response(await opened.read(), opened.status, dict(opened.headers))


def _response(answered: Answered) -> Response:
    headers = {**answered.headers, HEADER: answered.outcome.header}
    if answered.events is None:
        return Response(answered.body, answered.status, headers)
    headers = {**headers, "cache-control": "no-cache", "x-accel-buffering": "no"}  # or a proxy collects the events
    return StreamingResponse(answered.events, answered.status, headers)


async def _body(request: Request) -> bytes:
    """The whole body.

    Raises:
        ApiError: it is too large; no more of it is read.
        Gone: the client has, before its end.
    """
    pieces, size = [], 0
    try:
        async for piece in request.stream():
            size += len(piece)
            if size > LARGEST:
                raise ApiError(413, f"the body has more than {LARGEST} bytes", code="request_too_large")
            pieces.append(piece)
    except ClientDisconnect as error:
        raise Gone from error
    return b"".join(pieces)


async def _while_there(request: Request, work: Awaitable[T]) -> T:
    """The result, unless the client goes first: then the work is cancelled, and with it what it waits for.

    Raises:
        Gone: the client has.
    """
    answer = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait((answer, gone), return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            return answer.result()
        raise Gone
    finally:
        for task in (answer, gone):
            task.cancel()
        await asyncio.gather(answer, gone, return_exceptions=True)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
