"""docs/tutorials, followed: every command is run, ends as it should, and prints what the page shows."""

from collections.abc import Mapping
from itertools import chain
from pathlib import Path

import pytest

from tests.builder.contribute.test_skeletons import SCENARIO, fill
from tests.hub_server import hub
from tests.test_site import navigation
from tests.tutorials import Step, checkout, follow, missing, pages, text

TUTORIALS = ["diagnose", "endpoint", "gateway", "publish", "scenario"]
MISTAKE = 2  # exit code of what a user has to mend


def followed(page: str, folder: Path, environment: Mapping[str, str] | None = None) -> list[Step]:
    steps = list(follow(page, folder, environment))
    check(steps)
    return steps


def check(steps: list[Step], refused: int | None = None) -> None:
    """`refused` is the step that is meant to be."""
    assert [step.command for at, step in enumerate(steps) if step.code != (MISTAKE if at == refused else 0)] == []
    assert list(chain(*(missing(step) for step in steps))) == []


def test_there_are_five_and_each_ends() -> None:
    assert pages() == TUTORIALS
    for page in TUTORIALS:
        headings = [line for line in text(page).splitlines() if line.startswith("## ")]
        assert headings[-1] == "## Done" and len(headings) >= 4, page


def test_a_page_that_shows_what_is_not_printed_is_found() -> None:
    assert missing(Step("", "3 records\n...\nkept 2.5 s\n", "14 records\nother\nit kept 3 s of it\n", 0)) == []
    assert missing(Step("", "second\nfirst\n", "first\nsecond\n", 0)) == ["first"]
    assert list(navigation({"a": ["b", {"c": "d"}]})) == ["b", "d"]


@pytest.mark.skittish
def test_diagnose_my_model(tmp_path: Path) -> None:
    followed("diagnose", tmp_path)
    assert (tmp_path / "methods.png").stat().st_size > 10_000


@pytest.mark.skittish
def test_evaluate_an_api_model(tmp_path: Path) -> None:
    steps = list(follow("endpoint", tmp_path))
    check(steps, refused=3)
    assert (tmp_path / "runs" / "api" / "report.html").exists()


@pytest.mark.skittish
def test_serve_with_the_gateway(tmp_path: Path) -> None:
    followed("gateway", tmp_path)


@pytest.mark.skittish
def test_publish(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    with hub(tmp_path / "hub") as server:
        server.add_token("hf_anna", "anna", ORG="write")
        followed("publish", folder, {**server.environment(tmp_path / "home", "hf_anna"), "HF_HUB_OFFLINE": "0"})
        found = server.store.repositories["datasets", "ORG/xsb"]
        assert "refs/tags/v0.1.0" in found.references
        assert len(server.store.repositories["datasets", "ORG/xsb-results"].discussions) == 1


def test_add_a_scenario(tmp_path: Path) -> None:
    folder = checkout(tmp_path / "clone")
    steps = []
    for at, step in enumerate(follow("scenario", folder, {"PYTHONPATH": str(folder)})):
        steps.append(step)
        if at == 1:  # after the check of the blank file
            fill(folder / "builder" / "records" / "ms_xsb" / "night-bakery.yaml", SCENARIO)
    check(steps, refused=1)
    assert all(answer in SCENARIO for answer in ("punch", "press", "surprise") if answer in text("scenario"))
