"""README and CONTRIBUTING can be believed: files, links, commands and tables that they name exist."""

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
from tests.test_promises import ROOT

DIAGRAM = re.compile(r"^.*-->.*$", re.MULTILINE)
README_OF = "0.1.0"  # the version of the datasets whose numbers README has; later contributions are not in it yet
GROUPS = ("bench", "guard", "organism")  # commands of commands
MADE = ("eval/attribution/insertion.py", "tests/eval/attribution/test_insertion.py")  # by whoever adds a method
PAGES = ("README.md", "CONTRIBUTING.md", "builder/reviews/README.md", "eval/organism/data/README.md")


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", text(page)):
        assert target.startswith("https://") or ((ROOT / page).parent / target).exists(), target


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_paths_in_code_exist(page: str) -> None:
    for path in re.findall(r"`((?:builder|eval|hub_cards|space_app|tests)/[\w/.]*)`", text(page)):
        assert (ROOT / path).exists() or path in MADE, path


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_make_targets_exist(page: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"make ([a-z]+)`", text(page))) <= targets


def test_commands_and_options_exist() -> None:
    for page in ("README.md", "CONTRIBUTING.md"):
        assert "xsb-eval " in text(page)
        for line in re.findall(r"(xsb-(?:eval|build|space) [^`\n]+)", DIAGRAM.sub("", text(page))):
            words = line.split()
            depth = 2 if words[1] in GROUPS else 1
            subcommand = list(takewhile(re.compile(r"[a-z][a-z-]*$").match, words[1 : 1 + depth]))
            done = subprocess.run(
                [str(Path(sys.executable).parent / words[0]), *subcommand, "--help"],
                capture_output=True, text=True, check=False, env={"COLUMNS": "200", "TERM": "dumb"},
            )  # fmt: skip
            assert done.returncode == 0, line
            for option in re.findall(r"(--[a-z-]+)", line):
                assert option in done.stdout, line


def test_names_in_the_readme_are_those_of_the_tables() -> None:
    for name in (*METHODS, *MITIGATIONS, *JUDGES):
        assert f"`{name}`" in text("README.md")


def test_the_datasets_load_as_the_readme_says(tmp_path: Path) -> None:
    """The two calls in an empty folder that holds a release, and what they print."""
    section = text("README.md").split("## The datasets")[1]
    code, printed = re.findall(r"```(?:python)?\n(.*?)```", section, re.DOTALL)[:2]
    commands = Path(sys.executable).parent
    subprocess.run([str(commands / "xsb-build"), "release", "--out", "xsb"], cwd=tmp_path, check=True)
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, **offline}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    dev, said = (int(re.findall(r"num_rows: (\d+)", text)[1]) for text in (done.stdout, printed))
    assert dev >= said, "contributions enter dev; README is brought up to date at a release"
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
    section = text("README.md").split("## The datasets")[1].split("\n## ")[0]
    prompts = sum(n for types in report["counts"]["xsb"].values() for labels in types.values() for n in labels.values())
    assert f"{prompts:,} prompts" in section and f"{report['scenarios']} scenarios" in section
    xsb, ms_xsb = (row for row in report["readings"]["first"] if row["type"] == "all")
    assert xsb["label_kappa"] == xsb["label_author"] == ms_xsb["label_kappa"] == ms_xsb["label_author"] == 1.0
    for number in ("naturalness", "focus_author"):
        assert f"{xsb[number]:.2f}" in section and f"{ms_xsb[number]:.2f}" in section
    assert f"{report['resolved']['records']} records were changed" in section
    measured, refused, freed = (
        sum(row[k] for row in report["twins"]["table"]) for k in ("measured", "refused", "freed")
    )
    assert f"{refused} of the {measured:,} safe records and answers {freed} of these" in " ".join(section.split())


def test_python_examples_name_what_exists() -> None:
    blocks = re.findall(r"```python\n(.*?)```", text("README.md"), re.DOTALL)
    assert blocks
    for block in blocks:
        compile(block, "README.md", "exec")
        for module, names in re.findall(r"^from (eval[\w.]*) import (.+)$", block, re.MULTILINE):
            imported = __import__(module, fromlist=names.split(", "))
            assert all(hasattr(imported, name) for name in names.split(", "))
