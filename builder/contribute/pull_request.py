"""Checks a pull request on the Hub as `check-changes` checks one in git, and answers it with one comment.

There, the files of records lie in `records/xsb` and `records/ms_xsb`. What the pull request does to them is done in a
clone of the repository here, whose history tells which ids were used.
"""

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import NamedTuple

from huggingface_hub import DiscussionComment, DiscussionWithDetails
from huggingface_hub.hf_api import RepoFile

from builder.contribute.changes import Checked, check_changes
from builder.contribute.history import GitRepository, complaint, git
from builder.source.read import Problem
from eval.errors import InputError
from hub_cards.hub import Repository, persist, telling
from hub_cards.push import download

PLACE = re.compile(r"records/(?:ms_)?xsb/[\w.-]+\.yaml")
LARGE = 1_000_000  # bytes of a file of records; ours have less than 60,000
MARK = "**xsb-build check-pr**"


class Request(NamedTuple):
    """A pull request: its last commit, what it changed, by path (None: deleted), and who asks, who may comment."""

    head: str
    changed: Mapping[str, RepoFile | None]
    asker: str


def check_request(repository: Repository, number: int, records: Path) -> tuple[Request, Checked]:
    """What is wrong with a pull request, when it is applied to the records here; paths are those of the request.

    Raises:
        InputError: there is no such open pull request, or the records here are not as they were committed.
        HubError: the Hub cannot be read, or not with this token.
    """
    with telling(repository.id):
        request = persist(lambda: _read(repository, number))
    with TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        copied = _copy(records, root / "here")
        wrong = list(_apply(repository, request, copied, root / "cache"))
        checked = check_changes(copied, "HEAD")
        inside = copied.relative_to(root / "here").as_posix()
    problems = [_as_there(problem, inside) for problem in checked.problems]
    if not request.changed:
        problems.append(Problem("records", 1, "the pull request changes nothing yet; add a file of records"))
    return request, Checked(checked.changed, sorted({*wrong, *problems}))


def comment_on(repository: Repository, number: int, request: Request, checked: Checked) -> str:
    """Say in one comment what is wrong, in place of what was said before; tells what was done with it.

    Raises:
        HubError: the comment cannot be made.
    """
    text = comment(request.head, checked)
    with telling(repository.id):
        said = _said(repository, number, request.asker)
        if said and said.content == text:
            return "the comment there says so already"

        def say() -> str:
            api, kind = repository.api, repository.kind
            if said:
                api.edit_discussion_comment(repository.id, number, said.id, text, repo_type=kind)
                return "the comment there was edited"
            api.comment_discussion(repository.id, number, text, repo_type=kind)
            return "a comment there says so"

        def look() -> str | None:
            now = _said(repository, number, request.asker)
            return "a comment there says so" if now and now.content == text else None

        return persist(say, look)


def comment(head: str, checked: Checked) -> str:
    """The comment on a pull request that ends at the commit `head`; texts of the request stand between fences."""
    first = f"{MARK} looked at {head[:12]}: "
    if not checked.problems:
        return f"{first}{checked.changed} records changed, no problems."
    told = "\n".join(map(str, checked.problems))
    fence = "`" * max([3, *(1 + len(run) for run in re.findall("`+", told))])
    after = "Mend these in this pull request; when the check runs again, this comment is edited."
    return f"{first}{len(checked.problems)} problems.\n\n{fence}\n{told}\n{fence}\n\n{after}"


def _read(repository: Repository, number: int) -> Request:
    asker = repository.check_rights(request_only=True)
    details = _details(repository, number)
    if not details.is_pull_request or details.status not in ("open", "draft"):
        what = f"is {details.status}" if details.is_pull_request else "is no pull request"
        raise InputError(f"discussion {number} of {repository.id} {what}; give the number of an open pull request")
    api, kind = repository.api, repository.kind
    history = {
        name: [commit.commit_id for commit in api.list_repo_commits(repository.id, repo_type=kind, revision=name)]
        for name in (f"refs/pr/{number}", "main")
    }
    theirs, ours = history.values()
    base = next((commit for commit in theirs if commit in set(ours)), ours[-1])
    then, now = (
        {
            item.path: item
            for item in api.list_repo_tree(repository.id, recursive=True, revision=commit, repo_type=kind)
            if isinstance(item, RepoFile)
        }
        for commit in (base, theirs[0])
    )
    changed = {path: now.get(path) for path in {*then, *now} if _content(then.get(path)) != _content(now.get(path))}
    return Request(theirs[0], changed, asker)


def _content(file: RepoFile | None) -> str | None:
    return file.blob_id if file else None


def _details(repository: Repository, number: int) -> DiscussionWithDetails:
    return repository.api.get_discussion_details(repository.id, number, repo_type=repository.kind)


def _said(repository: Repository, number: int, asker: str) -> DiscussionComment | None:
    """What the check said before."""
    events = _details(repository, number).events
    comments = [event for event in events if isinstance(event, DiscussionComment) and not event.hidden]
    return next((c for c in reversed(comments) if c.author == asker and c.content.startswith(MARK)), None)


def _copy(records: Path, into: Path) -> Path:
    """A repository with the records as they were committed last, or, where they are in none, as they are."""
    try:
        own = GitRepository(records)
    except InputError:
        shutil.copytree(records, into / "records")
        identity = ("-c", "user.name=xsb", "-c", "user.email=xsb@localhost", "-c", "commit.gpgsign=false")
        _git(into, "init", "--quiet")
        _git(into, "add", "--all")
        _git(into, *identity, "commit", "--quiet", "--message", "The records here")
        return into / "records"
    _git(records, "clone", "--quiet", "--shared", str(own.root), str(into))
    (inside,) = own.inside(records)
    return into / inside


def _git(folder: Path, *arguments: str) -> None:
    done = git(folder, *arguments)
    if done.returncode:
        raise InputError(f"git cannot copy the records for the check ({complaint(done)})")


def _apply(repository: Repository, request: Request, records: Path, cache: Path) -> Iterator[Problem]:
    """Do to the records what the pull request does, as far as it may; the rest is a problem."""
    for path, file in sorted(request.changed.items()):
        here = records / PurePosixPath(path).relative_to("records") if PLACE.fullmatch(path) else None
        if here is None:
            told = "a contribution changes records/xsb/NAME.yaml and records/ms_xsb/NAME.yaml only; take this back"
            yield Problem(path, 1, f"{told}, the other files are made at a release")
        elif file is None:
            here.unlink(missing_ok=True)
        elif file.size > LARGE:
            yield Problem(path, 1, f"{file.size / 1e6:.0f} MB are too much for records; send less at once")
        else:
            with telling(repository.id):
                got = download(repository, path, request.head, cache)
            here.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(got, here)


def _as_there(problem: Problem, inside: str) -> Problem:
    """The problem with the paths that the pull request has."""
    file, message = (text.replace(f"{inside}/", "records/") for text in (problem.file, problem.message))
    return Problem(file, problem.line, message)
