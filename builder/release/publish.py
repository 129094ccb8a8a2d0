"""Publishes a release folder: what it changes on the Hub, then one commit and a tag, then a look at what arrived."""

import io
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from builder.release.build import CARD, REPORT
from builder.release.check import Release, Tables
from builder.release.difference import Change, card_diff, differences
from builder.release.frozen import check_test_split
from builder.release.read_back import load_back
from builder.schema import CONFIGS
from eval.errors import InputError
from eval.record import SPLITS
from hub_cards.hub import Repository
from hub_cards.plan import Plan, plan
from hub_cards.push import Published, before, check_back, publish


class Preview(NamedTuple):
    """What publishing a release would change."""

    plan: Plan
    changes: list[Change]
    card: list[str]


def preview(release: Release, repo_id: str, *, create_pr: bool = False, dry_run: bool = False) -> Preview:
    """Compare a release with what is published; only reads.

    Raises:
        InputError: the test split of the published release, of the same major version from 1 on, would change.
        HubError: as `hub_cards.plan.plan` raises it.
    """
    title, tag = f"Release {release.version}", f"v{release.version}"
    planned = plan(release.files, Repository(repo_id), title, tag=tag, create_pr=create_pr, dry_run=dry_run)
    with TemporaryDirectory() as cache:
        old, version, card = _published(planned, release, Path(cache))
    if version:
        were, are = ({name: splits["test"] for name, splits in t.items()} for t in (old, release.tables))
        check_test_split(were, are, version, release.version, repo_id)
    new_card = (release.folder / CARD).read_text(encoding="utf-8")
    return Preview(planned, differences(old, release.tables), card_diff(card, new_card))


def publish_release(release: Release, planned: Plan, *, private: bool = False) -> Published:
    """Publish, and read it back by its revision into an empty cache.

    Raises:
        HubError: it was not published, and the repository is as before; or it was, and did not come back the same.
        XsbError: `load_dataset` gives other rows than the release.
    """
    done = publish(planned, private=private)
    with TemporaryDirectory() as cache:
        check_back(planned, done.revision, Path(cache))
        load_back(planned.repository.id, done.revision, release.tables, Path(cache))
    return done


def _published(planned: Plan, release: Release, cache: Path) -> tuple[Tables, str, str]:
    """Rows, version and card of what is published; nothing, empty and empty if nothing is, or nothing of ours."""
    held = {path: before(planned, path, cache) if path in planned.changed else None for path in planned.files}
    tables: dict[str, dict[str, list[dict[str, object]]]] = {config: {} for config in CONFIGS}
    for config in CONFIGS:
        for split in SPLITS:
            path = f"{config}/{split}.parquet"
            if path in planned.added or planned.branch is None:
                tables[config][split] = []
            elif (content := held[path]) is None:
                tables[config][split] = release.tables[config][split]
            else:
                tables[config][split] = _rows(content, path)
    card = (held[CARD] or b"").decode(errors="replace")
    return tables, _version(held[REPORT]), card


def _rows(content: bytes, path: str) -> list[dict[str, object]]:
    try:
        rows: list[dict[str, object]] = pq.read_table(io.BytesIO(content)).to_pylist()
    except pa.ArrowException as error:
        raise InputError(f"{path} on the Hub is no parquet file; take it away there") from error
    return rows


def _version(report: bytes | None) -> str:
    try:
        return str(json.loads(report)["version"]) if report else ""
    except (ValueError, LookupError, TypeError):
        return ""
