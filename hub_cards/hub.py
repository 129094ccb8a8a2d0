"""The Hub as this project needs it: who asks, what a repository holds, and what went wrong, in one line.

The token is that of the environment (HF_TOKEN) or of the login, and appears in no message.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from hashlib import file_digest, sha1, sha256
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Literal, TypeVar, get_args

from httpx2 import ConnectError, ConnectTimeout, TransportError, UnsupportedProtocol
from huggingface_hub import HfApi, constants, get_token
from huggingface_hub.errors import (
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)
from huggingface_hub.hf_api import RepoFile

from hub_cards.errors import HubError, Outdated

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

Kind = Literal["dataset", "model", "space"]
Done = TypeVar("Done")
AGAIN = "run the same command again"
LOGIN = "set HF_TOKEN, or log in with `hf auth login`"
PASSING = (408, 429, 500, 502, 503, 504)  # statuses after which the same request may succeed
IN_DOUBT = (409, 412)  # what an applied request is answered when it comes again
UNREACHABLE = (ConnectError, ConnectTimeout, UnsupportedProtocol)
WAITS = (1, 2, 4)  # seconds before each further try
STATUSES = {
    401: f"the Hub does not accept the token; make one that may write, and {LOGIN}",
    403: "the token may not do this in {repo}; use one that may write there, or --create-pr",
    404: "the Hub has no {repo}, or not for this token",
    409: f"{{repo}} is being changed by something else; wait a little, and {AGAIN}",
    412: f"{{repo}} was changed by somebody meanwhile; {AGAIN}, which looks at it anew",
    429: f"the Hub asks for patience (429); wait some minutes, and {AGAIN}",
}


@dataclass(frozen=True)
class Repository:
    """A repository and how it is reached; without a token only public ones can be, and only read."""

    id: str
    kind: Kind = "dataset"
    token: str | None = field(default_factory=get_token, repr=False)

    @property
    def api(self) -> HfApi:
        """The client; it never looks for another token."""
        return HfApi(token=self.token or False, library_name="xsb")

    def head(self, revision: str = "main", kind: Kind | None = None) -> str | None:
        """The commit of a revision, None if there is no such repository."""
        try:
            return self.api.repo_info(self.id, revision=revision, repo_type=kind or self.kind).sha
        except RepositoryNotFoundError:
            return None

    def hashes(self, revision: str, paths: Iterable[str]) -> dict[str, str]:
        """The hash of each of the paths that is a file at the revision: SHA-256 of an LFS file, else git's."""
        found = self.api.get_paths_info(self.id, list(paths), revision=revision, repo_type=self.kind)
        files = [item for item in found if isinstance(item, RepoFile)]
        return {file.path: file.lfs.sha256 if file.lfs else file.blob_id for file in files}

    def holds(self, revision: str, files: Mapping[str, Path]) -> bool:
        """Whether the files are there at the revision as they are here."""
        there = self.hashes(revision, files)
        return all(is_same(there.get(path), file) for path, file in files.items())

    def has(self, path: str) -> bool:
        """Whether there is such a file on main.

        Raises:
            HubError: it cannot be looked for.
        """
        with telling(self.id):
            head = persist(self.head)
            return head is not None and bool(persist(partial(self.hashes, head, [path])))

    def check_kind(self) -> None:
        """Refuse a name under which there is a repository of another kind and none of this one.

        Raises:
            HubError: there is.
        """
        for kind in get_args(Kind):
            if kind != self.kind and self.head(kind=kind):
                raise HubError(f"{self.id} is a {kind} repository, and a {self.kind} is published; give another name")

    def check_rights(self, request_only: bool) -> str:
        """The name of who asks, if the token may write here, or, for `request_only`, open a pull request.

        Raises:
            HubError: there is no token, it may only read, or its owner may not write to the namespace.
        """
        if self.token is None:
            raise HubError(f"no token for the Hub; {LOGIN}")
        about = self.api.whoami()
        name, role = about["name"], about.get("auth", {}).get("accessToken", {}).get("role")
        if role == "read":
            raise HubError(f"the token of {name} may only read; make one that may write, and {LOGIN}")
        namespace = self.id.split("/")[0]
        roles = {item["name"]: item.get("roleInOrg") for item in about.get("orgs", [])}
        if request_only or namespace == name:
            return str(name)
        if namespace not in roles:
            raise HubError(
                f"{name} is in no organisation {namespace!r}; publish to: {', '.join([name, *sorted(roles)])}"
            )
        if roles[namespace] == "read":
            raise HubError(f"{name} may only read in {namespace}; ask there for the right to write, or use --create-pr")
        return str(name)


def quiet_client() -> None:
    """Keep the client's notes from a command's output: they would hide the line that counts."""
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)


def is_same(there: str | None, file: Path) -> bool:
    """Whether a hash of the Hub is that of a file."""
    if there is None or len(there) == 64:
        return there == digest(file, sha256())
    return there == digest(file, sha1(b"blob %d\x00" % file.stat().st_size, usedforsecurity=False))


def digest(file: Path, begun: "Hash") -> str:
    """The hash of what was hashed before and then a file, which need not fit into memory."""
    with file.open("rb") as content:
        return file_digest(content, lambda: begun).hexdigest()


def persist(do: Callable[[], Done], look: Callable[[], Done | None] = lambda: None) -> Done:
    """Do something that is to happen once, though its answer may be lost.

    After each failure that may pass, or that may mean that it was done, `look` tells what came of it, None if nothing;
    only then it is tried again. What only reads needs no look.
    """
    for wait in (*WAITS, None):
        try:
            return do()
        except (HfHubHTTPError, TransportError, LocalEntryNotFoundError) as error:
            status = _status(cause(error))
            if status not in (None, *PASSING, *IN_DOUBT) or isinstance(cause(error), UNREACHABLE):
                raise
            found = look()
            if found is not None:
                return found
            if wait is None or status in IN_DOUBT:
                raise
            sleep(wait)
    raise AssertionError("the last try returns or raises")


def cause(error: BaseException) -> BaseException:
    """The error itself, without the client's own words around it."""
    while isinstance(error, RuntimeError | LocalEntryNotFoundError) and error.__cause__:
        error = error.__cause__
    return error


def _status(error: BaseException) -> int | None:
    return error.response.status_code if isinstance(error, HfHubHTTPError) else None


@contextmanager
def telling(repo: str, first: str = "") -> Iterator[None]:
    """Turn whatever the clients raise into a `HubError`, whose text begins with `first`."""
    try:
        yield
    except (HfHubHTTPError, TransportError, OSError, ValueError, KeyError, RuntimeError) as error:
        kind = Outdated if _status(cause(error)) in IN_DOUBT else HubError
        raise kind(first + explain(error, repo)) from error


def explain(error: BaseException, repo: str) -> str:
    """What went wrong with a repository, and what to do, in one line."""
    error = cause(error)
    if isinstance(error, OfflineModeIsEnabled):
        return f"HF_HUB_OFFLINE keeps this machine from the Hub; unset it, and {AGAIN}"
    if isinstance(error, HFValidationError):
        return f"{repo!r} is no name of a repository; write it as OWNER/NAME"
    if isinstance(error, HfHubHTTPError):
        status = error.response.status_code
        return STATUSES.get(status, f"the Hub failed ({status}); {AGAIN}").format(repo=repo)
    if isinstance(error, UNREACHABLE):
        return f"{constants.ENDPOINT} cannot be reached; check the network and HF_ENDPOINT, and {AGAIN}"
    if isinstance(error, TransportError):
        return f"the connection to {constants.ENDPOINT} broke; {AGAIN}"
    if isinstance(error, KeyError):
        return f"the Hub's answer lacks {error}; {AGAIN}"
    return f"{repo}: {' '.join(str(error).split())}"


def publisher(repository: Repository, *, request_only: bool = False) -> str:
    """The name of who publishes, for a card that names it.

    Raises:
        HubError: as `Repository.check_rights` raises it, or the Hub cannot be asked.
    """
    with telling(repository.id):
        return persist(partial(repository.check_rights, request_only))
