"""The ways of CONTRIBUTING to a scenario, a prompt and an attribution method, followed literally; and the workflow."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from tests.builder.contribute.test_skeletons import PAIR, SCENARIO, fill
from tests.contributor import COMMANDS, IGNORED, Contributor, make_origin
from tests.test_promises import ROOT

WORKFLOW = ROOT / ".github" / "workflows" / "check.yml"


def section(heading: str) -> str:
    return (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]


def blocks(text: str) -> list[list[str]]:
    """The commands of each code block."""
    found = re.findall(r"```\n(.*?)```", text, re.DOTALL)
    return [[line.strip() for line in block.splitlines() if line.strip()] for block in found]


def steps() -> list[str]:
    return re.split(r"^\d\. ", section("Add a scenario in five steps"), flags=re.MULTILINE)[1:]


class Follower(Contributor):
    """A contributor who does what CONTRIBUTING says."""

    def follow(self, first: str, texts: tuple[str, ...]) -> Path:
        """The first command of a section, then the four other steps; give the file that was filled in."""
        _, edit, *others = steps()
        file = self.folder / self.type(first).splitlines()[0]
        assert file.is_relative_to(self.folder / "builder" / "records") and blocks(edit) == []
        fill(file, texts)
        for step in others:
            (lines,) = blocks(step)
            printed = [self.type(line) for line in lines]
            if "no problems" in step or "check-changes" in lines[0]:
                assert printed[0].endswith("no problems\n")
        return file


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_origin(tmp_path_factory.mktemp("origin"))


def test_the_section_has_five_steps_each_a_command_or_an_edit() -> None:
    assert len(steps()) == 5
    assert [len(blocks(step)) for step in steps()] == [1, 0, 1, 1, 1]
    assert len(blocks(section("Add a prompt in five steps"))) == 1


def test_the_steps_lead_to_a_release_with_the_new_records(origin: Path, tmp_path: Path) -> None:
    anna, bert, carl = (Follower(origin, tmp_path / name) for name in ("anna", "bert", "carl"))
    scenario = anna.follow(blocks(steps()[0])[0][0], SCENARIO)
    assert not (ROOT / scenario.relative_to(anna.folder)).exists()
    begin = blocks(section("Add a prompt in five steps"))[0][0]
    prompts = bert.follow(begin, PAIR)

    # What the workflow runs on the merge of a pull request into main, as GitHub checks it out.
    command = next(line for line in runs() if line.startswith("xsb-build"))
    anna.type("git switch --quiet --detach origin/main && git merge --quiet --no-ff --no-edit night-bakery")
    path = f"{COMMANDS}{os.pathsep}{os.environ['PATH']}"
    told = anna.type(command, BASE="origin/main", GITHUB_ACTIONS="true", PATH=path)
    assert told == "6 records changed, no problems\n"

    # Somebody began at the same main and so took the same numbers: git does not let both in.
    assert (carl.folder / carl.type(begin).splitlines()[0]).name == prompts.name
    fill(carl.folder / prompts.relative_to(bert.folder), [text.replace("Sunday", "Monday") for text in PAIR])
    carl.type("git switch --quiet -c mine && git add builder/records && git commit --quiet -m Mine")
    assert "CONFLICT (add/add)" in carl.type(f"git pull --quiet --no-rebase {bert.folder} night-bakery", ends=1)
    carl.type("git merge --abort && git switch --quiet main")

    for contributor in (anna, bert):
        carl.type(f"git pull --quiet --no-rebase --no-edit {contributor.folder} night-bakery")
    carl.type(".venv/bin/xsb-build release --out xsb")
    (scenario_id,) = {
        row["scenario_id"] for row in rows(carl, "ms_xsb") if row["messages"][0]["content"] == SCENARIO[0]
    }
    assert scenario_id == "ms-xsb-night-bakery"
    released = {row["prompt"]: row["id"] for row in rows(carl, "xsb")}
    assert {released[PAIR[0]], released[PAIR[6]]} == {
        row["id"] for row in yaml.safe_load(prompts.read_text())["records"]
    }


def rows(copy: Follower, config: str) -> list[dict[str, Any]]:
    return pq.read_table(copy.folder / "xsb" / config / "dev.parquet").to_pylist()


@pytest.mark.skittish
def test_the_steps_lead_to_a_new_attribution_method(tmp_path: Path) -> None:
    for name in ("eval", "tests/eval/attribution"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=IGNORED)
    for name in ("pyproject.toml", "tests/conftest.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / ".venv").symlink_to(COMMANDS.parent)
    write, name_it, test, run, _ = method_steps()
    for step in (write, test):
        path = re.findall(r"`([\w/]+\.py)`", step)[0]
        (tmp_path / path).write_text(code(step)[0], encoding="utf-8")
    methods = tmp_path / re.findall(r"`([\w/]+\.py)`", name_it)[0]
    imported, entry = code(name_it)
    text = methods.read_text(encoding="utf-8")
    assert text.count("\nMETHODS: dict[str, Method] = {") == 1
    text = text.replace("\nMETHODS: dict[str, Method] = {", f"\n{imported}\nMETHODS: dict[str, Method] = {{{entry}", 1)
    methods.write_text(text, encoding="utf-8")
    (lines,) = code(run)
    for line in [*lines.splitlines(), ".venv/bin/ruff check --ignore E402,I001 eval tests"]:
        done = subprocess.run(
            line, shell=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path), "HF_HUB_OFFLINE": "1"},
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{line}: {done.stdout}"
        assert "diagnose" not in line or "insertion on refusal_openers" in done.stdout
    assert (tmp_path / "insertion.png").stat().st_size > 0


def method_steps() -> list[str]:
    return re.split(r"^\d\. ", section("Add an attribution method in five steps"), flags=re.MULTILINE)[1:]


def code(step: str) -> list[str]:
    """The code blocks of a step, as they are typed."""
    return [dedent(block) for block in re.findall(r"^ *```\w*\n(.*?)^ *```", step, re.DOTALL | re.MULTILINE)]


def workflow() -> Mapping[Any, Any]:
    return yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))


def runs() -> list[str]:
    """Every command that the workflow runs."""
    return [step["run"] for job in workflow()["jobs"].values() for step in job["steps"] if "run" in step]


def test_the_workflow_runs_commands_that_exist() -> None:
    assert any(line.startswith("xsb-build check-changes --base ") for line in runs()) and ".ci/run" in runs()
    for line in runs():
        name, *arguments = line.split()
        if "/" in name:
            assert os.access(ROOT / name, os.X_OK), line
            continue
        words = [word for word in arguments if re.fullmatch(r"-m|[a-z-]*[a-z]", word) and not word.startswith("--")]
        asked = words[: 3 if name == "python" else 1]
        done = subprocess.run(
            [COMMANDS / name, *asked, "--help"], capture_output=True, text=True, check=False,
            env={"COLUMNS": "200", "TERM": "dumb"},
        )  # fmt: skip
        assert done.returncode == 0, line
        for option in re.findall(r"(--[a-z-]+)", line):
            assert option in done.stdout, line


def test_the_workflow_can_read_only_and_knows_no_secret() -> None:
    told = workflow()
    assert told["permissions"] == {"contents": "read"}
    assert set(told[True]) == {"push", "pull_request"}  # YAML reads the key `on` as true
    assert not any("permissions" in job for job in told["jobs"].values())
    text = WORKFLOW.read_text(encoding="utf-8")
    assert "secrets" not in text and "token" not in text.lower() and "pull_request_target" not in text


def test_the_workflow_pins_its_actions_and_sees_the_whole_history() -> None:
    told = [step for job in workflow()["jobs"].values() for step in job["steps"] if "uses" in step]
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"]) for step in told)
    checkouts = [step["with"] for step in told if step["uses"].startswith("actions/checkout@")]
    assert all(settings["persist-credentials"] is False for settings in checkouts)
    assert checkouts[0]["fetch-depth"] == 0
    assert workflow()["jobs"]["records"]["if"] == "github.event_name == 'pull_request'"
