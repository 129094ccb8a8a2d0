"""An OpenAI-compatible endpoint behind the gateway: requests go on byte for byte, over one pool of connections."""

import asyncio
import os
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import httpx

from eval.errors import InputError
from eval.mitigation import Request
from eval.models.openai import OpenAIModel
from eval.models.protocol import Reply
from eval.serve.asked import Asked
from eval.serve.plan import Counted, Deadline, Plan, Spent, failed, plan
from eval.serve.source import Opened
from eval.serve.wire import ApiError

OPENAI = "https://api.openai.com/v1"
TIMEOUT = httpx.Timeout(600, connect=10)  # seconds, as OpenAI's own client
IDLE = 2  # seconds that a connection is kept: shorter than servers keep them, or one that they just closed is used
PLANNING = 8  # interventions at once
MODELS = 16  # pairs of model and key for which a client is kept
HOP_BY_HOP = {
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding",
    "upgrade", "host", "content-length", "accept-encoding", "content-encoding", "expect", "date", "server",
}  # fmt: skip


class Upstream:
    """An endpoint. The client's own Authorization goes on, else OPENAI_API_KEY; neither is ever shown or stored."""

    def __init__(self, name: str, base_url: str | None, mitigation: str) -> None:
        """Prepare for `openai:NAME`; without `base_url`, OPENAI_BASE_URL or OpenAI's own endpoint.

        Raises:
            InputError: the address is none.
        """
        self.name = name
        self._mitigation = mitigation
        self._base = (base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI).rstrip("/")
        self._key = os.environ.get("OPENAI_API_KEY", "")
        try:
            address = httpx.URL(self._base)
        except httpx.InvalidURL as error:
            raise InputError("--base-url is no address; write one like http://127.0.0.1:8000/v1") from error
        if address.scheme not in ("http", "https") or not address.host or not 0 < (address.port or 80) < 2**16:
            raise InputError("--base-url is no address; write one like http://127.0.0.1:8000/v1")
        self.place = f"{address.host}:{address.port}" if address.port else address.host
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=IDLE)
        self._client = httpx.AsyncClient(timeout=TIMEOUT, limits=limits)
        self._threads = ThreadPoolExecutor(PLANNING, thread_name_prefix="plan")
        self._models: OrderedDict[tuple[str, str], OpenAIModel] = OrderedDict()
        self._lock = Lock()

    async def open(self, asked: Asked, instead: Request | None = None) -> Opened:
        """As `Source.open`: the client's bytes, or its parameters with the mitigation's messages."""
        body = asked.raw if instead is None else asked.changed(instead.sent)
        return await self._sent("POST", "/chat/completions", asked.headers, asked.query, body)

    async def models(self, path: str, headers: Mapping[str, str], query: str) -> Opened:
        """As `Source.models`: the endpoint's own list."""
        return await self._sent("GET", f"/models{path}", headers, query)

    async def plan(self, asked: Asked, refusal: Reply, seconds: float) -> Plan:
        """As `Source.plan`; a thread that is late ends before its next request."""
        deadline, spent = Deadline(seconds), Spent()
        key = bearer(asked.headers) or self._key

        def work() -> Plan:
            model = Counted(self._model(str(asked.fields.get("model") or self.name), key), spent, deadline.check)
            return plan(model, self._mitigation, asked.messages, refusal, spent, deadline.check)

        try:
            made = asyncio.get_running_loop().run_in_executor(self._threads, work)
            found = await asyncio.wait_for(made, seconds)
        except Exception as error:
            found = failed(error)
        finally:
            deadline.over()  # also where the client has gone
        return found.costing(spent)

    async def close(self) -> None:
        """Close the connections."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        await self._client.aclose()
        for model in self._models.values():
            model.close()

    def _model(self, name: str, key: str) -> OpenAIModel:
        """For the extra requests of clients with this key; kept in memory alone, and only the last ones."""
        with self._lock:
            if (name, key) not in self._models:
                self._models[name, key] = OpenAIModel(f"openai:{name}", self._base, api_key=key or None)
            self._models.move_to_end((name, key))
            if len(self._models) > MODELS:
                self._models.popitem(last=False)  # not closed: it may be in use
            return self._models[name, key]

    async def _sent(
        self, method: str, path: str, headers: Mapping[str, str], query: str, body: bytes | None = None
    ) -> Opened:
        kept = {name: value for name, value in headers.items() if name.lower() not in HOP_BY_HOP}
        if self._key and "authorization" not in {name.lower() for name in kept}:
            kept["authorization"] = f"Bearer {self._key}"
        kept["accept-encoding"] = "identity"
        url = f"{self._base}{path}" + (f"?{query}" if query else "")
        try:
            request = self._client.build_request(method, url, headers=kept, content=body)
            response = await self._client.send(request, stream=True)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._failure(error) from error
        told = {name: value for name, value in response.headers.items() if name.lower() not in HOP_BY_HOP}
        return Opened(response.status_code, told, self._pieces(response), response.aclose)

    async def _pieces(self, response: httpx.Response) -> AsyncIterator[bytes]:
        try:
            async for piece in response.aiter_bytes():
                yield piece
        except httpx.HTTPError as error:
            raise self._failure(error) from error
        finally:
            await response.aclose()

    def _failure(self, error: Exception) -> ApiError:
        """In words of ours: those of the library may hold the address with its password."""
        kind = "upstream_error"
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            return ApiError(502, f"the endpoint at {self.place} cannot be reached", kind, code="upstream_unreachable")
        if isinstance(error, httpx.TimeoutException):
            return ApiError(504, f"the endpoint at {self.place} does not answer", kind, code="upstream_timeout")
        return ApiError(502, f"the endpoint at {self.place} broke off its answer", kind, code="upstream_cut")


def bearer(headers: Mapping[str, str]) -> str:
    """The key in an Authorization header; empty if there is none."""
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""
