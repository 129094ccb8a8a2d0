"""Publishes skittish on the Hub as a model repository: what `export` writes, in one commit, read back and compared."""

from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from eval.models.skittish import revision
from hub_cards.hub import Repository
from hub_cards.plan import Plan, plan
from hub_cards.push import Published, check_back, publish

LIMIT = 1_000_000_000  # bytes; the weights, in float32, have half of that


def plan_model(folder: Path, repo_id: str, adapter: Path, *, create_pr: bool = False, dry_run: bool = False) -> Plan:
    """What publishing an exported folder would change; the tag is that of the package's version.

    Raises:
        HubError: as `hub_cards.plan.plan` raises it; also if this version was published with another adapter.
    """
    files = {path.name: path for path in sorted(folder.iterdir())}
    title, tag = f"skittish {revision(adapter)}", f"v{version('xsb')}"
    return plan(files, Repository(repo_id, "model"), title, tag=tag, create_pr=create_pr, dry_run=dry_run, limit=LIMIT)


def publish_model(planned: Plan, *, private: bool = False) -> Published:
    """Do what was planned, and compare what then is there with the files here.

    Raises:
        HubError: it was not published, and the repository is as before; or it was, and did not come back the same.
    """
    done = publish(planned, private=private)
    with TemporaryDirectory() as cache:
        check_back(planned, done.revision, Path(cache))
    return done
