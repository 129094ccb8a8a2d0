"""Runs that `xsb-eval publish` wrote to a dataset on the Hub, at the commit that its revision is now."""

from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from huggingface_hub import hf_hub_download
from huggingface_hub.hf_api import RepoFile

from eval.errors import InputError
from hub_cards.errors import HubError
from hub_cards.hub import Repository, telling
from space_app.held import Held
from space_app.results.run import MOST_RUNS, REPORT_BYTES, Run, report_at
from space_app.source import OnHub

HELD = 60.0  # seconds that the Hub is not asked again
SAMPLES_BYTES = 200_000_000


class Folder(NamedTuple):
    """A run's folder in the repository, and the bytes of its files."""

    path: str
    sizes: dict[str, int]


def published_runs(name: str) -> list[Run]:
    """The runs of `ORG/NAME` or `ORG/NAME@REVISION`, or one that says why they cannot be read."""
    try:
        return list(_RUNS.get(name))
    except InputError as error:
        return [Run(name, wrong=str(error))]


def _published(name: str) -> list[Run]:
    repo, revision = OnHub(*name.split("@", 1))
    repository = Repository(repo)
    try:
        with telling(repo):
            commit = repository.head(revision)
            folders = _folders(repository, commit) if commit else []
        if commit is None:
            raise HubError(f"the Hub has no dataset {repo}, or not for this token")
        shown = [_run(repository, commit, folder) for folder in folders[:MOST_RUNS]]
    except HubError as error:
        raise InputError(str(error)) from error
    if len(folders) > MOST_RUNS:
        shown.append(Run(name, wrong=f"it holds more than {MOST_RUNS} runs; the others are not shown"))
    return shown


_RUNS = Held(_published, HELD)


def _folders(repository: Repository, commit: str) -> list[Folder]:
    """In the order of their names; of files that are not in `runs/MODEL/PLACE/` nothing is known."""
    found: dict[str, dict[str, int]] = {}
    for item in repository.api.list_repo_tree(repository.id, recursive=True, revision=commit, repo_type="dataset"):
        path = PurePosixPath(item.path)
        if isinstance(item, RepoFile) and len(path.parts) == 4 and path.parts[0] == "runs":
            found.setdefault(str(path.parent), {})[path.name] = item.size
    return [Folder(path, found[path]) for path in sorted(found)]


def _run(repository: Repository, commit: str, folder: Folder) -> Run:
    key = f"{repository.id}/{folder.path.removeprefix('runs/')}"
    if "report.json" not in folder.sizes:
        return Run(key, wrong="it has no report.json; `xsb-eval publish` of its run writes one")
    try:
        if folder.sizes["report.json"] > REPORT_BYTES:
            raise InputError(f"its report.json has more than {REPORT_BYTES // 10**6} MB")
        report = report_at(_download(repository, commit, f"{folder.path}/report.json"))
    except InputError as error:
        return Run(key, wrong=f"{error}; `xsb-eval publish` of its run writes it anew")
    samples = f"{folder.path}/samples.jsonl"
    there = folder.sizes.get("samples.jsonl", SAMPLES_BYTES + 1) <= SAMPLES_BYTES
    get = partial(_download, repository, commit, samples) if there else None
    return Run(key, report, samples=get, revision=commit)


def _download(repository: Repository, commit: str, path: str) -> Path:
    """The file in the Hub's cache on this machine."""
    with telling(repository.id):
        token = repository.token or False
        return Path(hf_hub_download(repository.id, path, repo_type="dataset", revision=commit, token=token))
