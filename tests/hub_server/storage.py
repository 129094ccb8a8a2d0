"""What the hub keeps: blobs and commits on disk under their hashes; accounts, repositories and references in memory."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from hashlib import sha1, sha256
from pathlib import Path
from typing import Any, Literal

Kind = Literal["models", "datasets", "spaces"]
MAIN = "refs/heads/main"
LFS_POINTER = 134  # bytes of the file that stands for an LFS file in git


class Refused(Exception):
    """A request that is answered with an error; `code` is what clients tell kinds of 404 apart by."""

    def __init__(self, status: int, message: str, code: str = "", **body: Any) -> None:
        super().__init__(message)
        self.status, self.code = status, code
        self.body = {"error": message, **body}


@dataclass(frozen=True)
class User:
    """Who a token belongs to, what it may do (`read` or `write`), and their role in each organisation."""

    name: str
    role: str
    organisations: Mapping[str, str] = field(default_factory=dict)

    def is_in(self, namespace: str) -> bool:
        return namespace == self.name or namespace in self.organisations

    def may_write_to(self, namespace: str) -> bool:
        in_space = namespace == self.name or self.organisations.get(namespace) in ("write", "admin")
        return self.role == "write" and in_space


@dataclass(frozen=True)
class Entry:
    """A file of a commit: `oid` is git's hash of it, for an LFS file that of its pointer."""

    sha256: str
    size: int
    oid: str
    lfs: bool


@dataclass(frozen=True)
class Commit:
    oid: str
    parent: str | None
    title: str
    description: str
    author: str
    date: str
    tree: dict[str, Entry]


@dataclass
class Event:
    """Something said or done in a discussion; `type` is comment, commit or status-change."""

    id: str
    type: str
    author: str
    date: str
    data: dict[str, Any]


@dataclass
class Discussion:
    num: int
    title: str
    author: str
    date: str
    is_pull_request: bool
    status: str = "open"
    merged: str | None = None  # the commit that merged it
    events: list[Event] = field(default_factory=list)

    def add(self, kind: str, author: str, **data: Any) -> Event:
        identity = sha1(f"{self.num} {len(self.events)}".encode()).hexdigest()[:24]
        event = Event(identity, kind, author, now(), data)
        self.events.append(event)
        return event


@dataclass
class Repository:
    """`references` leads from full names (refs/heads/main, refs/tags/v1, refs/pr/1) to commits."""

    kind: Kind
    id: str
    private: bool
    references: dict[str, str] = field(default_factory=dict)
    discussions: list[Discussion] = field(default_factory=list)

    @property
    def namespace(self) -> str:
        return self.id.split("/")[0]

    def resolve(self, store: "Store", revision: str) -> Commit:
        """The commit of a branch, tag, pull request or (short) commit hash."""
        for name in (revision, f"refs/heads/{revision}", f"refs/tags/{revision}"):
            if name in self.references:
                return store.commit(self.references[name])
        if len(revision) >= 7:
            for head in self.references.values():
                for commit in store.history(head):
                    if commit.oid.startswith(revision):
                        return commit
        raise Refused(404, f"Invalid rev id: {revision}", "RevisionNotFound")

    def discussion(self, num: int) -> Discussion:
        if not 1 <= num <= len(self.discussions):
            raise Refused(404, f"Discussion {num} not found")
        return self.discussions[num - 1]


class Store:
    """The whole hub."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tokens: dict[str, User] = {}
        self.repositories: dict[tuple[Kind, str], Repository] = {}
        for name in ("blobs", "commits"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    def create(self, kind: Kind, name: str, private: bool, author: str) -> Repository:
        """A repository with a first commit that holds .gitattributes, as on the Hub."""
        found = self.repositories[kind, name] = Repository(kind, name, private)
        tree = {".gitattributes": self.entry(b"*.parquet filter=lfs diff=lfs merge=lfs -text\n", lfs=False)}
        found.references[MAIN] = self.add_commit(None, "initial commit", "", author, tree)
        return found

    def put(self, content: bytes) -> str:
        digest = sha256(content).hexdigest()
        (self.folder / "blobs" / digest).write_bytes(content)
        return digest

    def has(self, digest: str) -> bool:
        return (self.folder / "blobs" / digest).is_file()

    def read(self, entry: Entry) -> bytes:
        return self.path(entry).read_bytes()

    def path(self, entry: Entry) -> Path:
        return self.folder / "blobs" / entry.sha256

    def entry(self, content: bytes, lfs: bool) -> Entry:
        return self.entry_of(self.put(content), len(content), lfs)

    def entry_of(self, digest: str, size: int, lfs: bool) -> Entry:
        """The entry of a blob that is stored already."""
        if lfs:
            pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {size}\n"
            return Entry(digest, size, git_hash(pointer.encode()), True)
        return Entry(digest, size, git_hash((self.folder / "blobs" / digest).read_bytes()), False)

    def add_commit(self, parent: str | None, title: str, description: str, author: str, tree: dict[str, Entry]) -> str:
        """Store a commit and return its hash; no reference moves."""
        content = {
            "parent": parent, "title": title, "description": description, "author": author, "date": now(),
            "tree": {path: asdict(entry) for path, entry in sorted(tree.items())},
        }  # fmt: skip
        text = json.dumps(content)
        oid = sha1(text.encode()).hexdigest()
        (self.folder / "commits" / oid).write_text(text, encoding="utf-8")
        return oid

    def commit(self, oid: str) -> Commit:
        content = json.loads((self.folder / "commits" / oid).read_text(encoding="utf-8"))
        content["tree"] = {path: Entry(**entry) for path, entry in content["tree"].items()}
        return Commit(oid=oid, **content)

    def history(self, oid: str | None) -> list[Commit]:
        """A commit and all before it, newest first."""
        found = []
        while oid:
            found.append(self.commit(oid))
            oid = found[-1].parent
        return found


def git_hash(content: bytes) -> str:
    """What git calls a file with this content."""
    return sha1(b"blob %d\x00" % len(content) + content).hexdigest()


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
