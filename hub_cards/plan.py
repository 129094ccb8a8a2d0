"""What publishing files to the Hub would do: which are new there, which differ, and where they would go. Only reads."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from hub_cards.errors import HubError
from hub_cards.hub import Repository, is_same, persist, telling

LIMIT = 200_000_000  # bytes of all files together; a release of ours has less than one million


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
    branch = (create_pr and author and open_request(repository, title, author)) or Branch("main", head)
    there = repository.hashes(branch.head, files)
    changed = tuple(path for path in files if path in there and not is_same(there[path], files[path]))
    added = tuple(path for path in files if path not in there)
    tagged = tagged_commit(repository, files, tag) if tag else None
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


def open_request(repository: Repository, title: str, author: str) -> Branch | None:
    """The author's open pull request with this title, None without one."""
    api, kind = repository.api, repository.kind
    open_ones = api.get_repo_discussions(
        repository.id, repo_type=kind, author=author, discussion_type="pull_request", discussion_status="open"
    )
    number = next((request.num for request in open_ones if request.title == title and request.author == author), None)
    name = f"refs/pr/{number}"
    head = repository.head(name) if number else None
    return Branch(name, head) if head else None


def tagged_commit(repository: Repository, files: Mapping[str, Path], tag: str) -> str | None:
    """The commit of the tag, None if there is none.

    Raises:
        HubError: it holds other files than these.
    """
    refs = repository.api.list_repo_refs(repository.id, repo_type=repository.kind)
    commit = next((ref.target_commit for ref in refs.tags if ref.name == tag), None)
    if commit and not repository.holds(commit, files):
        raise HubError(
            f"{repository.id} has a tag {tag} with other files, and a version is never overwritten; raise the version"
        )
    return commit
