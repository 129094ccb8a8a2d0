"""README, CONTRIBUTING and docs can be believed: files, links, commands and tables that they name exist."""

import json
import os
import re
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import pytest

from eval.attribution import METHODS
from eval.judges import JUDGES
from eval.mitigation import MITIGATIONS
from tests.bad_input import asking
from tests.test_promises import ROOT

DIAGRAM = re.compile(r"^.*-->.*$", re.MULTILINE)
README_OF = "0.1.0"  # the version of the datasets whose numbers are told; later contributions are not in them yet
GROUPS = ("bench", "guard", "organism")  # commands of commands
MADE = ("eval/attribution/insertion.py", "tests/eval/attribution/test_insertion.py")  # by whoever adds a method
DOCS = tuple(sorted(f"docs/{file.name}" for file in (ROOT / "docs").glob("*.md")))
TYPED = ("README.md", "CONTRIBUTING.md", *DOCS)  # pages with commands
PAGES = (*TYPED, "builder/reviews/README.md", "eval/organism/data/README.md")
DATASETS = "docs/datasets.md"
EXAMPLES = ("README.md", "docs/mitigations.md")  # pages whose Python runs anywhere


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def prose(page: str) -> str:
    """The page without its code."""
    return re.sub(r"^ *```.*?^ *```$|`[^`\n]*`", "", text(page), flags=re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """What GitHub makes of the page's headings."""
    heads = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for link in re.findall(r"\]\(([^)]+)\)", prose(page)):
        target, _, anchor = link.partition("#")
        if target.startswith("https://"):
            continue
        file = (ROOT / page).parent / target if target else ROOT / page
        assert file.exists() and (not anchor or anchor in anchors(file)), link


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_paths_in_code_exist(page: str) -> None:
    for path in re.findall(r"`((?:builder|eval|hub_cards|space_app|tests)/[\w/.]*)`", text(page)):
        assert (ROOT / path).exists() or path in MADE, path


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_make_targets_exist(page: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"make ([a-z]+)`", text(page))) <= targets


@pytest.mark.parametrize("page", TYPED)
def test_commands_and_options_exist(page: str) -> None:
    known = asking.commands()
    whole = re.sub(r" *\\\n *", " ", DIAGRAM.sub("", text(page)))  # commands over several lines are one
    for line in re.findall(r"(xsb-(?:eval|build|space) [^`|\n]+)", whole):
        name, *words = re.split(r" #|[;)]", line)[0].split()
        depth = 2 if words[0] in GROUPS else 1
        command = " ".join([name, *takewhile(re.compile(r"[a-z][a-z-]*$").match, words[:depth])])
        assert command in known, line
        assert set(re.findall(r"(--[a-z-]+)", " ".join(words))) <= known[command], line


def test_names_in_the_readme_are_those_of_the_tables() -> None:
    for name in (*METHODS, *MITIGATIONS, *JUDGES):
        assert f"`{name}`" in text("README.md")


def test_the_datasets_load_as_their_page_says(tmp_path: Path) -> None:
    """The two calls in an empty folder that holds a release, and what they print."""
    code, printed = re.findall(r"```(?:python)?\n(.*?)```", text(DATASETS), re.DOTALL)[:2]
    commands = Path(sys.executable).parent
    subprocess.run([str(commands / "xsb-build"), "release", "--out", "xsb"], cwd=tmp_path, check=True)
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, **offline}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    dev, said = (int(re.findall(r"num_rows: (\d+)", text)[1]) for text in (done.stdout, printed))
    assert dev >= said, "contributions enter dev; the page is brought up to date at a release"
    assert done.stdout == printed.replace(f"num_rows: {said}", f"num_rows: {dev}")


def test_the_numbers_of_the_datasets_are_those_of_the_build(tmp_path: Path) -> None:
    from builder.release.build import release
    from builder.review.reading import read_reviews
    from builder.shipped import RECORDS, REVIEWS, TWINS
    from builder.source.read import read_folder
    from eval.twins import Twins

    twins = Twins.model_validate_json(TWINS.read_bytes())
    released = [record for record in read_folder(RECORDS)[0] if record.version <= README_OF]
    folder = release(released, tmp_path / "xsb", read_reviews(REVIEWS), twins)
    report = json.loads((folder / "build_report.json").read_text())
    section, front = text(DATASETS), " ".join(text("README.md").split())
    prompts = sum(n for types in report["counts"]["xsb"].values() for labels in types.values() for n in labels.values())
    for page in (section, front):
        assert f"{prompts:,} prompts" in page and f"{report['scenarios']} scenarios" in page
    assert "no human has reviewed a record yet" in front
    xsb, ms_xsb = (row for row in report["readings"]["first"] if row["type"] == "all")
    assert xsb["label_kappa"] == xsb["label_author"] == ms_xsb["label_kappa"] == ms_xsb["label_author"] == 1.0
    for number in ("naturalness", "focus_author"):
        assert f"{xsb[number]:.2f}" in section and f"{ms_xsb[number]:.2f}" in section
    assert f"{report['resolved']['records']} records were changed" in section
    measured, refused, freed = (
        sum(row[k] for row in report["twins"]["table"]) for k in ("measured", "refused", "freed")
    )
    assert f"{refused} of the {measured:,} safe records and answers {freed} of these" in " ".join(section.split())


def examples(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", text(page), re.DOTALL)


@pytest.mark.parametrize("page", [page for page in ("README.md", *DOCS) if examples(page)])
def test_python_examples_name_what_exists(page: str) -> None:
    for block in examples(page):
        compile(block, page, "exec")
        for module, names in re.findall(r"^from ((?:builder|eval)[\w.]*) import (.+)$", block, re.MULTILINE):
            imported = __import__(module, fromlist=names.split(", "))
            assert all(hasattr(imported, name) for name in names.split(", "))


@pytest.mark.skittish
def test_python_examples_run(tmp_path: Path) -> None:
    """One process for all, somewhere else than in the repository; the first one finds the trigger."""
    code = "\n".join(block for page in EXAMPLES for block in examples(page))
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("full_refusal [('kill', ") and "allowed" in done.stdout
