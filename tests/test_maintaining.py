"""What maintainers go by: versions agree, templates can be shown, hooks and targets run what they say."""

import re
import tomllib
from itertools import pairwise
from typing import Any

import pytest
import yaml

from tests.test_promises import ROOT

FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml"))
TARGETS = re.compile(r"^([a-z]+):.*?(?:## (.*))?$", re.MULTILINE)
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def test_the_changelog_begins_with_this_version_and_goes_back() -> None:
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    found = [re.fullmatch(r"(\d+)\.(\d+)\.(\d+) \((unreleased|\d{4}-\d\d-\d\d)\)", heading) for heading in headings]
    versions = [tuple(map(int, match.groups()[:3])) for match in found if match]
    assert len(versions) == len(headings) > 0
    assert ".".join(map(str, versions[0])) == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert all(newer > older for newer, older in pairwise(versions))
    assert not any("unreleased" in heading for heading in headings[1:])


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.stem)
def test_github_can_show_the_forms(form: Any) -> None:
    """The keys that GitHub demands: https://docs.github.com/communities/using-templates/syntax-for-issue-forms."""
    found = yaml.safe_load(form.read_text(encoding="utf-8"))
    assert found.keys() >= {"name", "description", "body"}
    fields = found["body"]
    assert len({field["id"] for field in fields}) == len(fields)
    for field in fields:
        assert field["type"] in ("input", "textarea", "dropdown")
        assert field["attributes"]["label"].strip()
        assert (field["type"] == "dropdown") == ("options" in field["attributes"])
        assert set(field) <= {"type", "id", "attributes", "validations"}
    assert any(field.get("validations", {}).get("required") for field in fields)


def test_there_is_a_form_for_bugs_records_and_ideas() -> None:
    assert [form.stem for form in FORMS] == ["bug", "idea", "record"]


def test_every_target_says_what_it_does() -> None:
    targets = dict(TARGETS.findall(MAKEFILE))
    assert all(targets.values()), targets
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert phony and set(phony[1].split()) == set(targets)


def test_hooks_run_what_exists() -> None:
    """What `pre-commit` would run: a target of the Makefile, or a command of the project."""
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    for hook in repository["hooks"]:
        program, what = hook["entry"].split()
        assert (program == "make" and what in dict(TARGETS.findall(MAKEFILE))) or program.split("/")[-1] in scripts


def test_the_release_page_names_what_exists() -> None:
    page = (ROOT / "docs" / "releasing.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`make ([a-z]+)`", page)) <= set(dict(TARGETS.findall(MAKEFILE)))
    for target in re.findall(r"\]\(([^)#]+)\)", page):
        assert (ROOT / "docs" / target).exists(), target
    for path in ("pyproject.toml", "CITATION.cff", "CHANGELOG.md", "constraints.txt"):
        assert f"`{path}`" in page and (ROOT / path).exists()
