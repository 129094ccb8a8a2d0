"""The reviewers' files of a dataset on the Hub, as a folder here, and how lines are added to them there."""

from collections.abc import Mapping, Sequence
from functools import partial
from hashlib import sha1
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

from huggingface_hub.errors import EntryNotFoundError
from huggingface_hub.hf_api import RepoFile
from pydantic import ValidationError

from builder.review.opinion import Opinion, Opinions, read_opinions
from hub_cards.errors import HubError, Outdated
from hub_cards.hub import Repository, digest, persist, telling
from hub_cards.plan import Branch, Plan
from hub_cards.push import download, publish

TRIES = 5  # commits that others may make between a look and the own commit


class Mirror:
    """The files at the commit that was looked at last; used by one thread, but `read` by any."""

    def __init__(self, repository: Repository, folder: str) -> None:
        """Nothing is read before `look`."""
        self._repository, self._folder = repository, folder
        self._place = TemporaryDirectory(prefix="xsb-reviews-")
        self._files, self._drafts, self._cache = (
            Path(self._place.name) / name for name in ("files", "drafts", "cache")
        )
        self._files.mkdir()
        self._drafts.mkdir()
        self._head, self._hashes = "", dict[str, str]()

    def read(self) -> Opinions:
        """The opinions.

        Raises:
            InputError: a line is none.
        """
        return read_opinions(self._files)

    def look(self) -> None:
        """Fetch what has changed.

        Raises:
            HubError: the Hub cannot be read, or has no such dataset.
        """
        repository = self._repository
        with telling(repository.id):
            head = persist(repository.head)
            if head is None:
                raise HubError(f"the Hub has no dataset {repository.id}, or not for this token; create it")
            if head == self._head:
                return
            there = persist(partial(self._listed, head))
            for name in there.keys() - {name for name, known in self._hashes.items() if known == there.get(name)}:
                self._take(name, download(repository, f"{self._folder}/{name}", head, self._cache))
            rmtree(self._cache, ignore_errors=True)
        for name in self._hashes.keys() - there.keys():
            (self._files / name).unlink(missing_ok=True)
        self._head, self._hashes = head, there

    def add(self, lines: Mapping[str, Sequence[bytes]]) -> None:
        """Add lines to reviewers' files in one commit; those that are there already are not added again.

        Args:
            lines: each with its end, by reviewer.

        Raises:
            HubError: it was not done.
        """
        for left in reversed(range(TRIES)):
            self.look()
            files = self._drafted(lines)
            if not files:  # the answer to an earlier commit was lost
                return
            try:
                head = publish(self._plan(files, sum(map(len, lines.values())))).revision
            except Outdated:
                if not left:
                    raise
                continue
            for name, draft in files.items():
                begun = sha1(b"blob %d\x00" % draft.stat().st_size, usedforsecurity=False)  # git's own hash of a file
                self._hashes[name] = digest(draft, begun)
                self._take(name, draft)
            self._head = head
            return

    def _plan(self, files: Mapping[str, Path], count: int) -> Plan:
        """One commit on the commit that was looked at; who may write was asked at the start."""
        paths = {f"{self._folder}/{name}": draft for name, draft in files.items()}
        title = f"Add {count} review decision{'s' if count > 1 else ''}"
        return Plan(
            self._repository, paths, title, tag="", author=None, create_pr=False, branch=Branch("main", self._head),
            added=tuple(paths), changed=(), tagged=None,
        )  # fmt: skip

    def _drafted(self, lines: Mapping[str, Sequence[bytes]]) -> dict[str, Path]:
        """The files as they are to be, of those that are not so yet."""
        drafts = {}
        for reviewer, new in lines.items():
            name = f"{reviewer}.jsonl"
            there = (self._files / name).read_bytes() if (self._files / name).exists() else b""
            if (whole := joined(there, new)) != there:
                drafts[name] = self._drafts / name
                drafts[name].write_bytes(whole)
        return drafts

    def _listed(self, head: str) -> dict[str, str]:
        """The hashes of the files at a commit."""
        repository = self._repository
        try:
            found = list(
                repository.api.list_repo_tree(repository.id, self._folder, revision=head, repo_type=repository.kind)
            )
        except EntryNotFoundError:
            return {}
        return {
            Path(file.path).name: file.blob_id
            for file in found
            if isinstance(file, RepoFile) and file.path.endswith(".jsonl")
        }

    def _take(self, name: str, content: Path) -> None:
        """Put a file in its place at once, since others read."""
        (self._files / f"{name}.new").write_bytes(joined(content.read_bytes(), ()))
        (self._files / f"{name}.new").replace(self._files / name)


def joined(there: bytes, new: Sequence[bytes]) -> bytes:
    """A file with the lines that it lacks.

    Whoever edits a file by hand may leave out the end of its last line; half a line is cut off, as in files here.
    """
    whole, end, last = there.rpartition(b"\n")
    if last:
        there = there + b"\n" if _is_opinion(last) else whole + end
    present = set(there.splitlines(keepends=True))
    return there + b"".join(line for line in new if line not in present)


def _is_opinion(line: bytes) -> bool:
    try:
        Opinion.model_validate_json(line)
    except ValidationError:
        return False
    return True
