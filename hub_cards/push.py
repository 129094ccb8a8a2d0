"""Publishes files to the Hub, all of them or none: what was planned becomes one commit, which is read back.

With Xet or without, it is one `create_commit` on the commit that was looked at. Publishing the same again changes
nothing, and goes on with what a broken connection left undone.
"""

from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from huggingface_hub import CommitOperationAdd, hf_hub_download

from hub_cards.errors import HubError
from hub_cards.hub import AGAIN, Repository, digest, persist, telling
from hub_cards.plan import Branch, Plan, open_request, tagged_commit


class Published(NamedTuple):
    """The commit that holds the files, the page to look at, and whether anything had to be sent."""

    revision: str
    url: str
    sent: bool


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
                persist(partial(_set_tag, plan, branch.head), partial(tagged_commit, repository, plan.files, plan.tag))
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


def before(plan: Plan, path: str, cache: Path) -> bytes | None:
    """What a file holds on the Hub, None if it is new there; `cache` is a folder for what is downloaded.

    Raises:
        HubError: it cannot be read.
    """
    if plan.branch is None or path in plan.added:
        return None
    with telling(plan.repository.id):
        return download(plan.repository, path, plan.branch.head, cache).read_bytes()


def download(repository: Repository, path: str, revision: str, cache: Path) -> Path:
    """A file at a revision, below the folder `cache`; clients' errors are to be told by `telling`."""
    token = repository.token or False
    ask = partial(hf_hub_download, repository.id, path, repo_type=repository.kind, revision=revision, token=token)
    return Path(persist(partial(ask, cache_dir=cache)))


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
        found = open_request(repository, plan.title, plan.author or "")
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
