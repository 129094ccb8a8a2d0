"""One request, read: who asks, for what, with which words; and what every handler needs of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from starlette.responses import JSONResponse, Response

from tests.hub_server.storage import Commit, Kind, Refused, Repository, Store, User

PAGE = 50  # items of a page


@dataclass(frozen=True)
class Call:
    """A request; `groups` are the parts of its path, unquoted, and `url` is the server's own address."""

    store: Store
    user: User | None
    method: str
    path: str
    groups: Mapping[str, str]
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    url: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, list[str]]:
        return parse_qs(self.body.decode())

    @property
    def kind(self) -> Kind:
        return self.groups.get("kind") or "models"  # type: ignore[return-value]  # the pattern allows no other

    def asks(self, name: str) -> bool:
        """Whether the query switches something on."""
        return self.query.get(name, ["0"])[0].lower() in ("1", "true")

    def somebody(self) -> User:
        """Who asks; nobody may not."""
        if self.user is None:
            raise Refused(401, "Invalid username or password.")
        return self.user

    def repository(self) -> Repository:
        """The repository of the path; a private one is there for its members only."""
        found = self.store.repositories.get((self.kind, self.groups["id"]))
        hidden = found and found.private and not (self.user and self.user.is_in(found.namespace))
        if not found or hidden:
            raise Refused(404, "Repository not found", "RepoNotFound")
        return found

    def writable(self) -> Repository:
        """The repository of the path, if the one who asks may write to it."""
        user, found = self.somebody(), self.repository()
        if not user.may_write_to(found.namespace):
            raise Refused(403, f"Forbidden: you must use a write token and be a member of {found.namespace}")
        return found

    def commit(self) -> Commit:
        """The commit of the path's revision, main by default."""
        return self.repository().resolve(self.store, self.groups.get("revision", "main"))

    def web(self, repository: Repository) -> str:
        """The address of a repository's page."""
        prefix = "" if repository.kind == "models" else f"{repository.kind}/"
        return f"{self.url}/{prefix}{repository.id}"

    def page(self, items: list[Any]) -> Response:
        """A page of a list, with the address of the next one."""
        begin = int(self.query.get("cursor", ["0"])[0])
        size = int(self.query.get("limit", [str(PAGE)])[0])
        rest = "&".join(f"{name}={value[0]}" for name, value in self.query.items() if name != "cursor")
        after = f'<{self.url}{self.path}?cursor={begin + size}&{rest}>; rel="next"'
        headers = {"Link": after} if begin + size < len(items) else {}
        return JSONResponse(items[begin : begin + size], headers=headers)
