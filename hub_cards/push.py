"""Publishes files to the Hub, all of them or none: looks what would change, sends one commit, reads it back.

With Xet or without, it is one `create_commit` on the commit that was looked at. Publishing the same again changes
nothing, and goes on with what a broken connection left undone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from huggingface_hub import CommitOperationAdd, hf_hub_download

from hub_cards.errors import HubError
from hub_cards.hub import AGAIN, Repository, digest, is_same, persist, telling

LIMIT = 200_000_000  # bytes of all files together; a release of ours has less than one million


class Published(NamedTuple):
    """The commit that holds the files, the page to look at, and whether anything had to be sent."""

    revision: str
    url: str
    sent: bool


class Branch(NamedTuple):
    """Where files go, `main` or `refs/pr/N`, and the commit that it ends at."""

    name: str
    head: str

    @property
    def number(self) -> int | None:
        """The number of the pull request."""
        return int(self.name.removeprefix("refs/pr/")) if self.name != "main" else None


@dataclass(frozen=True)
class Plan:
    """What publishing would do.

    Attributes:
        repository: where to.
        files: by their path there.
        title: of the commit, and of the pull request.
        description: what is said below the title.
        tag: of the version, empty for none.
        author: who publishes; None if nobody may (a dry run without a token).
        create_pr: whether it becomes a pull request; one by the same author with the same title is gone on with.
        branch: where the files go; None if there is no repository yet.
        added: paths that are new there.
        changed: paths that hold something else there.
        tagged: the commit of the tag, if there is one; it holds these files.
    """

    repository: Repository
    files: Mapping[str, Path]
    title: str
    tag: str
    author: str | None
    create_pr: bool
    branch: Branch | None
    added: tuple[str, ...]
    changed: tuple[str, ...]
    tagged: str | None
    description: str = ""

    @property
    def heading(self) -> str:
        """What would be published where, in a line."""
        return f"{self.repository.id}, {self.branch.name if self.branch else 'a new repository'}: {self.title}"

    @property
    def differences(self) -> list[str]:
        """Which files would be added and changed, a line each; none where there are none."""
        found = (("added", self.added), ("changed", self.changed))
        return [f"files {word}: {', '.join(paths)}" for word, paths in found if paths]

    @property
    def nothing(self) -> bool:
        """Whether all is there already, the tag as well."""
        same = not self.added and not self.changed
        return self.tagged is not None or (same and (not self.tag or self.create_pr))


def plan(
    files: Mapping[str, Path], repository: Repository, title: str, *, tag: str = "", create_pr: bool = False,
    dry_run: bool = False, limit: int = LIMIT,
) -> Plan:  # fmt: skip
    """Look what publishing the files, of no more than `limit` bytes together, would change; only reads.

    Raises:
        HubError: too many bytes, no right to publish, the tag stands for other files, or the Hub cannot be read.
    """
    check_size(files.values(), limit)
    if repository.id.count("/") != 1:
        raise HubError(f"{repository.id!r} is no name of a repository; write it as OWNER/NAME")
    with telling(repository.id):
        return persist(partial(_look, files, repository, title, tag, create_pr, dry_run))


def _look(
    files: Mapping[str, Path], repository: Repository, title: str, tag: str, create_pr: bool, dry_run: bool
) -> Plan:
    author = None if dry_run else repository.check_rights(request_only=create_pr)
    head = repository.head()
    if head is None:
        repository.check_kind()
        return Plan(repository, files, title, tag, author, create_pr, None, tuple(files), (), None)
    branch = (create_pr and author and _request(repository, title, author)) or Branch("main", head)
    there = repository.hashes(branch.head, files)
    changed = tuple(path for path in files if path in there and not is_same(there[path], files[path]))
    added = tuple(path for path in files if path not in there)
    tagged = _tagged(repository, files, tag) if tag else None
    return Plan(repository, files, title, tag, author, create_pr, branch, added, changed, tagged)


def check_size(files: Iterable[Path], limit: int = LIMIT) -> None:
    """Refuse files that are, together, too large to be meant.

    Raises:
        HubError: they are.
    """
    size = sum(file.stat().st_size for file in files)
    if size > limit:
        told = f"{size / 1e6:,.0f} MB are more than the {limit / 1e6:.0f} MB that are published at once"
        raise HubError(f"{told}; take out what does not belong there")


def before(plan: Plan, path: str, cache: Path) -> bytes | None:
    """What a file holds on the Hub, None if it is new there; `cache` is a folder for what is downloaded.

    Raises:
        HubError: it cannot be read.
    """
    if plan.branch is None or path in plan.added:
        return None
    with telling(plan.repository.id):
        return download(plan.repository, path, plan.branch.head, cache).read_bytes()


def publish(plan: Plan, *, private: bool = False) -> Published:
    """Do what was planned; `private` is for a repository that does not exist yet.

    Raises:
        HubError: it could not be done; then the repository is as before, or holds all files.
    """
    repository, branch = plan.repository, plan.branch
    with telling(repository.id):
        if plan.tagged:
            return Published(plan.tagged, _page(plan, None), sent=False)
        if branch is None:
            branch = _create(repository, private)
        sent = bool(plan.added or plan.changed)
        if sent:
            branch = _send(plan, branch)
        if plan.tag and not plan.create_pr:
            with telling(repository.id, f"published as {branch.head[:12]}, but without the tag {plan.tag}: "):
                persist(partial(_set_tag, plan, branch.head), partial(_tagged, repository, plan.files, plan.tag))
        return Published(branch.head, _page(plan, branch.number), sent)


def check_back(plan: Plan, revision: str, cache: Path) -> None:
    """Download the files at the revision into an empty cache, and compare them with those here.

    Raises:
        HubError: one is different there, or they cannot be read.
    """
    for path, file in plan.files.items():
        with telling(plan.repository.id, f"published as {revision[:12]}, but not read back: "):
            there = download(plan.repository, path, revision, cache)
            same = digest(there, sha256()) == digest(file, sha256())
        if not same:
            raise HubError(f"published as {revision[:12]}, but {path} came back as something else; {AGAIN}")


def download(repository: Repository, path: str, revision: str, cache: Path) -> Path:
    """A file at a revision, below the folder `cache`; clients' errors are to be told by `telling`."""
    token = repository.token or False
    ask = partial(hf_hub_download, repository.id, path, repo_type=repository.kind, revision=revision, token=token)
    return Path(persist(partial(ask, cache_dir=cache)))


def _request(repository: Repository, title: str, author: str) -> Branch | None:
    """The author's open pull request with this title."""
    api, kind = repository.api, repository.kind
    open_ones = api.get_repo_discussions(
        repository.id, repo_type=kind, author=author, discussion_type="pull_request", discussion_status="open"
    )
    number = next((request.num for request in open_ones if request.title == title and request.author == author), None)
    name = f"refs/pr/{number}"
    head = repository.head(name) if number else None
    return Branch(name, head) if head else None


def _tagged(repository: Repository, files: Mapping[str, Path], tag: str) -> str | None:
    """The commit of the tag, None if there is none."""
    refs = repository.api.list_repo_refs(repository.id, repo_type=repository.kind)
    commit = next((ref.target_commit for ref in refs.tags if ref.name == tag), None)
    if commit and not repository.holds(commit, files):
        raise HubError(
            f"{repository.id} has a tag {tag} with other files, and a version is never overwritten; raise the version"
        )
    return commit


def _create(repository: Repository, private: bool) -> Branch:
    def create() -> str:
        sdk = "gradio" if repository.kind == "space" else None
        repository.api.create_repo(
            repository.id, repo_type=repository.kind, private=private, exist_ok=True, space_sdk=sdk
        )
        return repository.head() or ""

    return Branch("main", persist(create, repository.head))


def _send(plan: Plan, branch: Branch) -> Branch:
    """Upload and commit the files that differ; the branch as it is then.

    The upload comes first and apart, since the client repeats it by itself, which it does not do with a commit.
    """
    repository, opens = plan.repository, plan.create_pr and branch.number is None
    operations = [CommitOperationAdd(path, plan.files[path]) for path in (*plan.added, *plan.changed)]
    repository.api.preupload_lfs_files(
        repository.id, operations, repo_type=repository.kind, revision=branch.name, create_pr=opens, free_memory=False
    )

    def commit() -> Branch:
        done = repository.api.create_commit(
            repository.id, operations, commit_message=plan.title, commit_description=plan.description or None,
            repo_type=repository.kind, revision=branch.name, create_pr=opens, parent_commit=branch.head,
        )  # fmt: skip
        return Branch(f"refs/pr/{done.pr_num}" if opens else branch.name, done.oid)

    return persist(commit, partial(_committed, plan, branch))


def _committed(plan: Plan, branch: Branch) -> Branch | None:
    """The branch, if it holds the files: then only the answer was lost."""
    repository = plan.repository
    if plan.create_pr and branch.number is None:
        found = _request(repository, plan.title, plan.author or "")
    else:
        head = repository.head(branch.name)
        found = Branch(branch.name, head) if head and head != branch.head else None
    return found if found and repository.holds(found.head, plan.files) else None


def _set_tag(plan: Plan, revision: str) -> str:
    repository = plan.repository
    repository.api.create_tag(repository.id, tag=plan.tag, revision=revision, repo_type=repository.kind)
    return revision


def _page(plan: Plan, request: int | None) -> str:
    """The address to look at: that of the pull request, or of the repository."""
    repository = plan.repository
    kind = "" if repository.kind == "model" else f"{repository.kind}s/"
    page = f"{repository.api.endpoint}/{kind}{repository.id}"
    return f"{page}/discussions/{request}" if request else page
