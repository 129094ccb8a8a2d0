"""The endpoints by name, and the server that finds the one a request is for, or the fault that it is to meet."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import NamedTuple
from urllib.parse import parse_qs, unquote

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from tests.hub_server import accounts, discussions, files, repositories, uploads
from tests.hub_server.call import Call
from tests.hub_server.faults import Fault, Faults, Halved, Rule, answer_status, header, reset, swallow
from tests.hub_server.storage import MAIN, Kind, Refused, Store, User
from tests.hub_server.uploads import LFS_ENDINGS


class Endpoint(NamedTuple):
    name: str
    methods: str
    pattern: re.Pattern[str]
    handle: Callable[[Call], Response]


def _api(name: str, methods: str, path: str, handle: Callable[[Call], Response]) -> Endpoint:
    """An endpoint of a repository, under /api."""
    return Endpoint(name, methods, re.compile(rf"/api/(?P<kind>models|datasets|spaces)/(?P<id>{_ID}){path}"), handle)


def _web(name: str, methods: str, path: str, handle: Callable[[Call], Response]) -> Endpoint:
    """An endpoint of a repository, under its page; models have no prefix."""
    return Endpoint(name, methods, re.compile(rf"/(?:(?P<kind>datasets|spaces)/)?(?P<id>{_ID}){path}"), handle)


def _own(name: str, methods: str, path: str, handle: Callable[[Call], Response]) -> Endpoint:
    return Endpoint(name, methods, re.compile(path), handle)


_ID, _REVISION, _NUM = r"[\w.-]+/[\w.-]+", r"(?P<revision>[^/]+)", r"/discussions/(?P<num>\d+)"
ENDPOINTS = (
    _own("whoami", "GET", "/api/whoami-v2", repositories.whoami),
    _own("create", "POST", "/api/repos/create", repositories.create),
    _own("delete", "DELETE", "/api/repos/delete", repositories.delete),
    _own("validate-yaml", "POST", "/api/validate-yaml", repositories.validate_yaml),
    _own("openid", "GET", "/.well-known/openid-configuration", accounts.configuration),
    _own("keys", "GET", "/oauth/keys", accounts.keys),
    _own("authorize", "GET", "/oauth/authorize", accounts.authorize),
    _own("token", "POST", "/oauth/token", accounts.token),
    _own("lfs-put", "PUT", r"/lfs/(?P<user>[\w-]+)/(?P<oid>[0-9a-f]{64})", uploads.lfs_put),
    _api("info", "GET", rf"(?:/revision/{_REVISION})?", repositories.about),
    _api("refs", "GET", "/refs", repositories.refs),
    _api("tag", "POST", f"/tag/{_REVISION}", repositories.tag),
    _api("tag", "DELETE", f"/tag/{_REVISION}", repositories.remove_tag),
    _api("branch", "POST", "/branch/(?P<name>[^/]+)", repositories.branch),
    _api("branch", "DELETE", "/branch/(?P<name>[^/]+)", repositories.remove_branch),
    _api("tree", "GET", rf"/tree/{_REVISION}(?P<path>/.*)?", files.tree),
    _api("paths-info", "POST", f"/paths-info/{_REVISION}", files.paths_info),
    _api("commits", "GET", f"/commits/{_REVISION}", files.commits),
    _api("preupload", "POST", f"/preupload/{_REVISION}", uploads.preupload),
    _api("commit", "POST", f"/commit/{_REVISION}", uploads.commit),
    _api("discussions", "GET", "/discussions", discussions.listed),
    _api("discussions", "POST", "/discussions", discussions.create),
    _api("discussion", "GET", _NUM, discussions.details),
    _api("comment", "POST", f"{_NUM}/comment", discussions.comment),
    _api("edit", "POST", f"{_NUM}/comment/(?P<comment>[0-9a-f]+)/edit", discussions.edit),
    _api("status", "POST", f"{_NUM}/status", discussions.status),
    _api("title", "POST", f"{_NUM}/title", discussions.retitle),
    _api("merge", "POST", f"{_NUM}/merge", discussions.merge),
    _web("lfs-batch", "POST", r"\.git/info/lfs/objects/batch", uploads.lfs_batch),
    _web("lfs-verify", "POST", r"\.git/info/lfs/verify", uploads.lfs_verify),
    _web("resolve", "GET HEAD", rf"/resolve/{_REVISION}/(?P<path>.+)", files.resolve),
)


class Server:
    """The hub as an ASGI application; `url` is its address."""

    def __init__(self, folder: Path) -> None:
        self.store, self.faults, self.url = Store(folder), Faults(), ""

    def add_token(self, token: str, name: str, role: str = "write", **organisations: str) -> None:
        """Let a token be `name`'s, for reading only or for writing, with a role in each organisation."""
        self.store.tokens[token] = User(name, role, organisations)

    def put(self, kind: Kind, name: str, files: Mapping[str, bytes], tag: str = "") -> str:
        """Make files the whole of a repository, which is made if there is none, and give the commit."""
        store, owner = self.store, name.split("/")[0]
        found = store.repositories.get((kind, name)) or store.create(kind, name, False, owner)
        tree = {path: store.entry(content, lfs=path.endswith(LFS_ENDINGS)) for path, content in files.items()}
        oid = store.add_commit(found.references[MAIN], f"Put {len(files)} files", "", owner, tree)
        found.references |= {MAIN: oid} | ({f"refs/tags/{tag}": oid} if tag else {})
        return oid

    def fail(self, user: str, endpoint: str, fault: Fault, times: int | None = None, since: str = "") -> None:
        """Add a rule, as `Rule` explains them."""
        assert any(endpoint == known.name for known in ENDPOINTS), endpoint
        self.faults.rules.append(Rule(user, endpoint, fault, times, since))

    def heal(self, user: str) -> None:
        """Take the rules of a user away."""
        self.faults.rules = [rule for rule in self.faults.rules if rule.user != user]

    def environment(self, home: Path, token: str = "") -> dict[str, str]:
        """What clients read when they are imported: this hub, a cache of their own, no Xet, nothing sent elsewhere."""
        return {
            "HF_ENDPOINT": self.url, "HF_HOME": str(home), "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1", "HF_UPDATE_DOWNLOAD_COUNTS": "0", "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "HF_TOKEN": token,
        }  # fmt: skip

    def space(self, home: Path, token: str) -> dict[str, str]:
        """The environment of a Space whose visitors may sign in; `token` is its secret."""
        signing = {"OAUTH_CLIENT_ID": accounts.CLIENT, "OAUTH_CLIENT_SECRET": accounts.SECRET}
        about = {"SYSTEM": "spaces", "SPACE_ID": "lab/space", "OPENID_PROVIDER_URL": self.url}
        return {**self.environment(home, token), **about, **signing, "OAUTH_SCOPES": "openid profile"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = scope["raw_path"].decode()
        endpoint, groups = _find(scope["method"], path)
        user = self.store.tokens.get(header(scope, b"authorization").removeprefix("Bearer "))
        name = user.name if user else groups.get("user", "*")
        fault = self.faults.take(name, endpoint.name) if endpoint else None
        if fault is None:
            return await (await self._answer(scope, receive, endpoint, groups, user))(scope, receive, send)
        if fault == "reset":
            await receive()
            return reset(receive)
        if fault in ("truncated", "lost"):
            answer = await self._answer(scope, receive, endpoint, groups, user)
            await answer(scope, receive, Halved(send) if fault == "truncated" else swallow)
            return None if fault == "truncated" else reset(receive)
        await Request(scope, receive).body()
        return await answer_status(fault, send)

    async def _answer(
        self, scope: Scope, receive: Receive, endpoint: Endpoint | None, groups: dict[str, str], user: User | None
    ) -> Response:
        body = await Request(scope, receive).body()
        headers = {key.decode(): value.decode() for key, value in scope["headers"]}
        query = parse_qs(scope["query_string"].decode())
        path = scope["raw_path"].decode()
        call = Call(self.store, user, scope["method"], path, groups, query, headers, body, self.url)
        try:
            if headers.get("authorization", "").startswith("Bearer ") and user is None:
                raise Refused(401, "Invalid credentials in Authorization header")
            if endpoint is None:
                raise Refused(404, f"no such page: {path}", "RepoNotFound")
            return endpoint.handle(call)
        except Refused as error:
            headers = {"X-Error-Code": error.code} if error.code else {}
            return JSONResponse(error.body, error.status, {**headers, "X-Error-Message": str(error)})


def _find(method: str, path: str) -> tuple[Endpoint | None, dict[str, str]]:
    """The endpoint of a path, which is matched quoted since revisions hold slashes, and the path's parts, unquoted."""
    for endpoint in ENDPOINTS:
        if method in endpoint.methods.split() and (found := endpoint.pattern.fullmatch(path)):
            return endpoint, {name: unquote(value) for name, value in found.groupdict().items() if value}
    return None, {}


@contextmanager
def hub(folder: Path) -> Iterator[Server]:
    """A hub that keeps its files in a folder and answers while the context lasts."""
    application = Server(folder)
    with answering(application):
        yield application


@contextmanager
def answering(application: Server, port: int = 0) -> Iterator[None]:
    """Let a hub answer while the context lasts, on a free port if none is given; afterwards it cannot be reached."""
    config = uvicorn.Config(
        application, host="127.0.0.1", port=port, log_level="critical", lifespan="off", timeout_keep_alive=300
    )
    running = uvicorn.Server(config)
    thread = Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        assert thread.is_alive(), "the hub did not start"
        time.sleep(0.01)
    application.url = f"http://127.0.0.1:{running.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield
    finally:
        running.should_exit = running.force_exit = True
        thread.join()
